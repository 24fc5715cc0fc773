/** The two boxes everything sits in: a titled panel, and the text of a place that is still empty. */
import type { ReactNode } from 'react';

interface PanelProps {
  title: ReactNode;
  /** Controls on the title's line. */
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, aside, className = '', children }: PanelProps) {
  return (
    <section className={`panel ${className}`}>
      <div className="panel-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Says what will be here and what makes it appear. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty muted">{children}</p>;
}
