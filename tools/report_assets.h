/* report_assets.h - the files that a report is made from, as texts inside the program. */
#ifndef SKC_TOOLS_REPORT_ASSETS_H
#define SKC_TOOLS_REPORT_ASSETS_H

extern const char report_template[]; /* report.html: {{title}}, {{chart}}, {{script}}, {{data}} */
extern const char report_script[];   /* report.js */
extern const char report_chart[];    /* Chart.js */

#endif
