/* report_assets.c - lets the assembler put the files of the report into the program, as texts.
 *
 * Paths start at the root of the source tree, where make runs. */
#include "report_assets.h"

#define ASSET(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global " #name "\n" #name ":\n"                                                      \
            ".incbin \"" path "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".popsection\n")

ASSET(report_template, "tools/report.html");
ASSET(report_language, "tools/report_language.js");
ASSET(report_script, "tools/report.js");
ASSET(report_chart, "server/web/vendor/chart.js/chart.umd.js");
