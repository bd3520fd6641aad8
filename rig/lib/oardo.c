/*
 * OAR's commands are set-uid programs that know one configuration only, that of /etc. This one takes their place with the rig's:
 * it becomes `oar`, whose it is, and goes on as that command of OAR's by whose name it was called.
 */
#define _GNU_SOURCE
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const commands[] = {"oarsub", "oarstat", "oardel", "oarhold", "oarresume", "oarnodes"};

static const char *command(const char *said) {
  const char *slash = strrchr(said, '/');
  const char *name = slash == NULL ? said : slash + 1;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(name, commands[i]) == 0) return commands[i];
  return NULL;
}

static int set(const char *name, const char *value) { return setenv(name, value, 1); }

int main(int argc, char **argv) {
  const char *name = argc > 0 ? command(argv[0]) : NULL;
  const struct passwd *caller = getpwuid(getuid());
  char uid[16], path[64];
  if (name == NULL || caller == NULL) return 126;
  snprintf(uid, sizeof uid, "%d", (int)getuid());
  snprintf(path, sizeof path, "/usr/lib/oar/%s", name);
  const char *const dropped[] = {"IFS", "CDPATH", "MAIL", "ENV", "BASH_ENV", "LD_LIBRARY_PATH", "PERL5OPT"};
  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) unsetenv(dropped[i]);
  if (set("OARDO_USER", caller->pw_name) || set("OARDO_UID", uid) || set("OARDIR", "/usr/lib/oar") ||
      set("OARCONFFILE", OAR_CONF) || set("PERL5LIB", "/usr/share/perl5") || set("OARUSER", "oar") ||
      set("PATH", "/bin:/sbin:/usr/bin:/usr/sbin:/usr/lib/oar/oardodo"))
    return 126;
  if (setresgid(getegid(), getegid(), getegid()) || setresuid(geteuid(), geteuid(), geteuid())) return 126;
  argv[0] = path;
  execv(path, argv);
  perror(path);
  return 127;
}
