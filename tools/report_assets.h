/* report_assets.h - the files that a report is made from, as texts inside the program. */
#ifndef SKC_TOOLS_REPORT_ASSETS_H
#define SKC_TOOLS_REPORT_ASSETS_H

/* report.html, with the places {{title}}, {{switch}}, {{main}}, {{footer}} and {{data}}, and those
 * of the scripts: {{language}}, {{chart}}, {{script}}. */
extern const char report_template[];
extern const char report_language[]; /* report_language.js */
extern const char report_script[];   /* report.js */
extern const char report_chart[];    /* Chart.js */

#endif
