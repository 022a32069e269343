import type { MonitoringOnly } from "@msec/api/console/v1/session_pb.js";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CodeBlock } from "../../ui/code-block.tsx";
import { Panel } from "../../ui/panel.tsx";
import {
  AGENT_DOOR,
  AGENT_DOOR_EXAMPLE,
  AGENT_EXAMPLE,
  ENROLL_EXAMPLE,
  httpExample,
  LOCAL_EXAMPLE,
  otlpExample,
} from "./report-examples.ts";
import "./how-to-report.css";

/** The ways in which programs report to a server that only monitors, to be copied. */
export function HowToReport({ doors }: { readonly doors: MonitoringOnly }) {
  const { t } = useTranslation();
  const hostName = window.location.hostname;
  const note = doors.tokenNeeded ? <p className="muted">{t("monitoring.token")}</p> : null;
  return (
    <div className="how-to-report">
      <Way title={t("monitoring.http.title")} lead={t("monitoring.http.lead")}>
        {doors.otlpHttp === "" ? (
          <Closed flag="--otlp-listen 127.0.0.1:4318" />
        ) : (
          <Code code={httpExample(doors, hostName)} />
        )}
        {doors.otlpHttp !== "" && note}
      </Way>
      <Way title={t("monitoring.otlp.title")} lead={t("monitoring.otlp.lead")}>
        {doors.otlpHttp === "" && doors.otlpGrpc === "" && (
          <Closed flag="--otlp-listen 127.0.0.1:4318 --otlp-grpc-listen 127.0.0.1:4317" />
        )}
        {doors.otlpHttp !== "" && <Code code={otlpExample(doors, hostName, "http")} />}
        {doors.otlpGrpc !== "" && (
          <>
            {doors.otlpHttp !== "" && <p>{t("monitoring.otlp.grpc")}</p>}
            <Code code={otlpExample(doors, hostName, "grpc")} />
          </>
        )}
      </Way>
      <Way title={t("monitoring.agent.title")} lead={t("monitoring.agent.lead")}>
        <p>{t("monitoring.agent.enroll")}</p>
        <Code code={ENROLL_EXAMPLE} />
        <p>{t("monitoring.agent.start")}</p>
        <Code code={AGENT_EXAMPLE} />
        <p>{t("monitoring.agent.local")}</p>
        <Code code={LOCAL_EXAMPLE} />
      </Way>
    </div>
  );
}

/** The ways in which programs that are not on msec report to the agent of their host, to be copied. */
export function HowToReportToAgent() {
  const { t } = useTranslation();
  return (
    <div className="how-to-report">
      <Way title={t("monitoring.local.title")} lead={t("monitoring.local.lead")}>
        <Code code={LOCAL_EXAMPLE} />
      </Way>
      <Way title={t("monitoring.otlp.title")} lead={t("monitoring.otlp.lead")}>
        <p>{t("monitoring.otlp.agent")}</p>
        <Code code={AGENT_DOOR_EXAMPLE} />
        <p>{t("monitoring.otlp.program")}</p>
        <Code code={otlpExample(AGENT_DOOR, "127.0.0.1", "http")} />
      </Way>
    </div>
  );
}

function Way({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <Panel title={title}>
      <div className="panel-body way">
        <p className="soft">{lead}</p>
        {children}
      </div>
    </Panel>
  );
}

function Closed({ flag }: { flag: string }) {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("monitoring.closed")}</p>
      <Code code={`npx msec server --only monitoring ${flag}`} />
    </>
  );
}

function Code({ code }: { code: string }) {
  const { t } = useTranslation();
  return <CodeBlock code={code} copyLabel={t("action.copyCommand")} doneLabel={t("action.copied")} />;
}
