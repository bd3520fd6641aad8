/*
 * Grid Engine's daemons listen on every address of the host and have no setting for it. Loaded before them (LD_PRELOAD), this
 * lets them listen on RIG_ADDRESS alone. Nothing of it is left in the environment of what they start.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct in_addr only;

__attribute__((constructor)) static void begin(void) {
  const char *said = getenv("RIG_ADDRESS");
  if (said == NULL || inet_pton(AF_INET, said, &only) != 1) abort();
  unsetenv("RIG_ADDRESS");
  unsetenv("LD_PRELOAD");
}

int bind(int socket, const struct sockaddr *address, socklen_t length) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
  struct sockaddr_in in;
  if (address->sa_family != AF_INET || length < sizeof in) return real(socket, address, length);
  memcpy(&in, address, sizeof in);
  if (in.sin_addr.s_addr == htonl(INADDR_ANY)) in.sin_addr = only;
  return real(socket, (const struct sockaddr *)&in, sizeof in);
}
