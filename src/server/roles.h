/* roles: the processes of poplind. Each runs over descriptor CHILD_MASTER_SOCKET and returns its
 * exit code. */
#ifndef POPLIN_SERVER_ROLES_H
#define POPLIN_SERVER_ROLES_H

int front_main(void);
int auth_main(void);
int store_main(void);

#endif
