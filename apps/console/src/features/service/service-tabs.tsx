import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import "./service-tabs.css";

/** The pages of one service. */
export function ServiceTabs({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  return (
    <nav className="tabs" aria-label={t("service.tabs")}>
      <Link to="/services/$name" params={{ name }} activeOptions={{ exact: true, includeSearch: false }}>
        {t("service.instances")}
      </Link>
      <Link to="/services/$name/curves" params={{ name }} search={{}} activeOptions={{ includeSearch: false }}>
        {t("nav.curves")}
      </Link>
      <Link to="/services/$name/policy" params={{ name }}>
        {t("policy.tab")}
      </Link>
      <Link to="/monitor" search={{ service: name }} activeOptions={{ exact: true }}>
        {t("nav.monitor")}
      </Link>
      <Link to="/requests" search={{ service: name }} activeOptions={{ exact: true }}>
        {t("nav.requests")}
      </Link>
    </nav>
  );
}
