/* poplinctl: one function a sub-command, each in a file of its name. argv[0] is the sub-command;
 * the result is the exit code (sysexits.h). */
#ifndef POPLIN_CLI_POPLINCTL_H
#define POPLIN_CLI_POPLINCTL_H

int poplinctl_config(int argc, char **argv);

#endif
