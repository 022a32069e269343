import type { ReactNode } from "react";
import { BrandMark } from "../../ui/brand-mark.tsx";
import { DisplaySettings } from "./display-settings.tsx";
import "./entry-frame.css";

/** What stands before the shell, whose menu nobody can use yet: signing in, or a server that does not answer. */
export function EntryFrame({ children }: { readonly children: ReactNode }) {
  return (
    <div className="entry">
      <header>
        <DisplaySettings />
      </header>
      <main>
        <div className="card">
          <div className="brand-line">
            <BrandMark size={26} />
            <strong>msec</strong>
          </div>
          {children}
        </div>
      </main>
    </div>
  );
}
