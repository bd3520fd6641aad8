# shellcheck shell=bash
# Daemons by their pid files: is it ours, is it up, run it apart from the caller, end it, stop it for a while.

pid_file() {
  case $1 in
    munged) echo "$rig_run/munge/munged.pid" ;;
    mariadb) echo "$rig_run/mysql/mariadb.pid" ;;
    qmaster) echo "$sge_root/qmaster/qmaster.pid" ;;
    # In a folder named for the host, by whatever name Grid Engine knows it.
    execd) find "$sge_root/execd" -name execd.pid -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d " " -f 2 ;;
    slurmdbd | slurmctld) echo "$rig_run/slurm/$1.pid" ;;
    postgres) echo "$oar_dir/postgres/postmaster.pid" ;;
    almighty) echo "$rig_run/oar/almighty.pid" ;;
    *) echo "$rig_run/$1.pid" ;;
  esac
}

# Words that stand in the daemon's command line and in no other's.
mark() {
  case $1 in
    munged) echo "munged --socket=$munge_socket" ;;
    mariadb) echo "mariadbd --no-defaults --datadir=$rig_dir/mysql" ;;
    slurmdbd) echo "$rig_dir/bin/slurmdbd" ;;
    slurmctld) echo "slurmctld -f $slurm_conf" ;;
    n[1-4]) echo "slurmd -f $slurm_conf -N $1" ;;
    qmaster | execd) echo "$rig_dir/bin/sge_$1" ;;
    postgres) echo "$postgres_bin/postgres -D $oar_dir/postgres" ;;
    almighty) echo "/usr/bin/perl $rig_dir/bin/Almighty" ;;
    sshd) echo "sshd -f $ssh_dir/sshd_config" ;;
  esac
}

# Prints the pid if the daemon runs. A pid file outlives its process, and the number may be somebody else's by now.
pid_of() {
  local pid
  { read -r pid <"$(pid_file "$1")"; } 2>/dev/null || return 1
  [[ $pid =~ ^[0-9]+$ ]] && is_alive "$pid" && [[ $(command_line "$pid") == *"$(mark "$1")"* ]] && echo "$pid"
}

command_line() { { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null; }

# A zombie has ended, whether or not its parent has noticed.
is_alive() { [[ $(process_state "$1") == [!ZX] ]]; }

process_state() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  stat=${stat##*) }
  echo "${stat%% *}"
}

# up, frozen, down, or off (not part of this rig).
state_of() {
  local pid
  uses "$1" || { echo off; return; }
  pid=$(pid_of "$1") || { echo down; return; }
  [[ $(process_state "$pid") == T ]] && echo frozen || echo up
}

# Runs a command as USER, apart from the caller: no environment, terminal, lock or pipe of ours stays open in a daemon.
run_as() {
  local as=$1 log=$2
  shift 2
  setpriv --reuid="$as" --regid="$as" --init-groups \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ SLURM_CONF="$slurm_conf" "$@" </dev/null >>"$log" 2>&1 9>&-
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; its output is dropped.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1 9>&-; do
    ((SECONDS <= deadline)) || die "$what: gave up waiting; see $rig_log"
    sleep 0.05
  done
}

# TERM, CONT for those that are frozen, and KILL after ten seconds. Returns when all have ended.
end_pids() {
  local pid round
  for pid in "$@"; do kill -TERM "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null; done
  for ((round = 0; round < 200; round++)); do
    any_alive "$@" || return 0
    sleep 0.05
  done
  for pid in "$@"; do is_alive "$pid" && kill -KILL "$pid" 2>/dev/null; done
  wait_for 5 "processes $* do not end" none_alive "$@"
}

any_alive() {
  local pid
  for pid in "$@"; do is_alive "$pid" && return 0; done
  return 1
}

none_alive() { ! any_alive "$@"; }

# Whatever a test left behind: a frozen daemon is thawed, one that runs is left alone.
start_daemon() {
  uses "$1" || die "$1 is not part of this rig (up --minimal, --sge, --oar)"
  case $(state_of "$1") in
    up) return ;;
    frozen) signal_daemon "$1" CONT up && return ;;
  esac
  case $1 in
    n[1-4]) start_slurmd "$@" ;;
    *) "start_$1" "${@:2}" ;;
  esac
  say "$1 up"
}

stop_daemon() {
  local pid
  pid=$(pid_of "$1") || return 0
  end_pids "$pid"
  say "$1 stopped"
}

# signal_daemon DAEMON SIGNAL STATE: returns when the process is in that state (STOP takes effect a moment after kill(2)).
signal_daemon() {
  local pid
  pid=$(pid_of "$1") || die "$1 is not running"
  kill "-$2" "$pid"
  wait_for 5 "$1 is not $3" daemon_is "$1" "$3"
}

daemon_is() { [[ $(state_of "$1") == "$2" ]]; }
