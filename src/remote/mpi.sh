# shellcheck shell=sh disable=SC2154 # variables of payload.sh
# mpirun, whichever it is: found and asked for its version where the job runs, after its modules and its prologue. Sourced by the
# payload.sh of jobs whose processes an MPI starts, after payload.sh of ours:
#
#   hz_mpi STDIN EPILOGUE FLAVOURS PROGRAM...      the first of the programs that is of one of the flavours
#   hz_way FLAVOUR FORWARD OPTION FORM VARIABLES WORD...    for each flavour: starts the job if it is this one, and ends
#   hz_mpi_none                                    none was found
#
# What was found stands in `launcher` of the job directory, and the hosts that it was given in `hostfile`.

hz_mpi() {
  # What the prologue may have set is for the user's lines alone.
  set +efuC
  unset IFS
  hz_stdin=$1 hz_epilogue=$2 hz_flavours=$3 hz_seen='' hz_flavour=''
  shift 3
  # Of an earlier start in this directory.
  rm -f "$hz_directory/hostfile"
  for hz_name; do
    hz_program=$(command -v "$hz_name" 2>/dev/null) || continue
    hz_flavour_of "$(LC_ALL=C "$hz_program" --version </dev/null 2>&1)"
    case " $hz_flavours " in
      *" $hz_flavour "*)
        printf '%s %s %s\n' "$hz_flavour" "$hz_version" "$hz_program" >"$hz_directory/launcher"
        return 0
        ;;
    esac
    hz_seen="$hz_seen${hz_seen:+, }$hz_program is $hz_flavour $hz_version"
  done
  hz_flavour=''
}

# hz_flavour_of TEXT: hz_flavour and hz_version from what `mpirun --version` says; `unknown` and `-` where it says neither.
hz_flavour_of() {
  hz_flavour=unknown hz_version=-
  case $1 in
    *"Intel(R) MPI Library"*)
      hz_flavour=intelmpi
      hz_text=${1#*Version }
      ;;
    *"HYDRA build details"*)
      hz_flavour=mpich
      hz_text=${1#*Version:}
      ;;
    *"(Open MPI) "*) hz_flavour=openmpi hz_text=${1#*"(Open MPI) "} ;;
    *"(OpenRTE) "*) hz_flavour=openmpi hz_text=${1#*"(OpenRTE) "} ;;
    # The run time of Open MPI 5, by its own name.
    *"(PRRTE) "*) hz_flavour=openmpi5 hz_text=${1#*"(PRRTE) "} ;;
    # IBM's, made of Open MPI 3 and 4, with numbers of its own.
    *"(IBM Spectrum MPI) "*) hz_flavour=openmpi4 hz_text=${1#*"(IBM Spectrum MPI) "} ;;
    *) return 0 ;;
  esac
  # Blanks before it are Hydra's.
  hz_text=${hz_text#"${hz_text%%[! 	]*}"}
  hz_version=${hz_text%%[!0-9a-zA-Z.+_-]*}
  hz_version=${hz_version:--}
  [ "$hz_flavour" != openmpi ] || case $hz_version in
    # One and two digits: what comes after 5 is more like it than like what came before.
    [01234].*) hz_flavour=openmpi4 ;;
    *) hz_flavour=openmpi5 ;;
  esac
}

hz_way() {
  [ "$1" = "$hz_flavour" ] || return 0
  hz_forward=$2 hz_option=$3
  hz_hostfile "$4" "$5"
  shift 5
  set -- "$hz_program" "$@"
  [ -z "$hz_hosts" ] || set -- "$@" "$hz_option" "$hz_hosts"
  if [ "$hz_forward" != - ]; then
    # No value stands in an argv.
    for hz_name in $(hz_exported) $hz_secret_names; do set -- "$@" "$hz_forward" "$hz_name"; done
  fi
  # shellcheck disable=SC2034 # of payload.sh
  hz_watch=hz_watch_launcher
  hz_run "$hz_epilogue" "$hz_stdin" "$@" /bin/sh "$hz_directory/rank.sh"
}

# hz_watch_launcher PID: a launcher ends all when one rank has failed. One that has not half a minute later has lost what it
# was told (Hydra, on a busy host), and would wait for ever: it is ended, and the wrapper ends what is left.
hz_watch_launcher() {
  exec </dev/null >/dev/null 2>&1
  cd /
  hz_count=15
  while kill -0 "$1"; do
    [ ! -e "$hz_directory/rank-ended" ] || hz_count=$((hz_count - 1))
    case $hz_count in
      0) kill -s TERM "$1" ;;
      -5)
        kill -s KILL "$1"
        return
        ;;
    esac
    sleep 2
  done
}

hz_mpi_none() {
  hz_payload_fail "there is no mpirun of a kind that this job can use${hz_seen:+ ($hz_seen)}: load its module, or extend PATH in the prologue"
}

# hz_exported: names of the variables that processes on other hosts are to see too: all but what belongs to a host, a
# session or a launcher. (What looks like one inside a value of several lines is none, unless a variable is called so.)
hz_exported() {
  export -p | while IFS= read -r hz_line; do
    case $hz_line in
      "export "*) hz_line=${hz_line#export } ;;
      "declare -x "*) hz_line=${hz_line#declare -x } ;;
      *) continue ;;
    esac
    hz_line=${hz_line%%=*}
    case $hz_line in
      '' | [0-9]* | *[!A-Za-z0-9_]*) continue ;;
      _ | PWD | OLDPWD | SHLVL | SHELL | HOME | USER | LOGNAME | MAIL | HOST | HOSTNAME | TERM | TMPDIR | DISPLAY | XAUTHORITY) continue ;;
      BASH_ENV | ENV | LS_COLORS | SSH_* | XDG_* | DBUS_* | GPG_* | SUDO_*) continue ;;
      OMPI_* | OPAL_* | ORTE_* | PRTE_* | PMIX_* | PMI_* | HYDRA_* | I_MPI_HYDRA_*) continue ;;
      SLURM_* | SLURMD_* | PBS_* | LSB_* | SGE_* | OAR_* | FLUX_*) continue ;;
    esac
    eval "[ -z \"\${$hz_line+set}\" ]" || printf '%s ' "$hz_line"
  done
}

# hz_hostfile FORM VARIABLES: the file in hz_hosts, made of what Hawser says (`hosts`), else of the file with a line for each
# slot that one of the variables of the manager names; empty where nobody says anything.
hz_hostfile() {
  hz_hosts=$hz_directory/hostfile
  if [ -r "$hz_directory/hosts" ]; then
    while read -r hz_key hz_name hz_count; do
      [ "$hz_key" != host ] || hz_host_line "$1" "$hz_name" "$hz_count"
    done <"$hz_directory/hosts" >"$hz_hosts"
    return 0
  fi
  for hz_key in $2; do
    eval "hz_text=\${$hz_key-}"
    if [ -z "$hz_text" ] || [ ! -r "$hz_text" ]; then continue; fi
    hz_count_slots "$1" "$hz_text" >"$hz_hosts"
    return 0
  done
  hz_hosts=
}

# hz_count_slots FORM FILE: a host on each line becomes a line for each host.
hz_count_slots() {
  hz_names=' '
  while read -r hz_name || [ -n "$hz_name" ]; do
    case $hz_names in *" $hz_name "*) ;; *) hz_names="$hz_names$hz_name " ;; esac
  done <"$2"
  for hz_name in $hz_names; do
    hz_count=0
    while read -r hz_line || [ -n "$hz_line" ]; do
      [ "$hz_line" != "$hz_name" ] || hz_count=$((hz_count + 1))
    done <"$2"
    hz_host_line "$1" "$hz_name" "$hz_count"
  done
}

hz_host_line() {
  case $1 in
    slots) printf '%s slots=%s\n' "$2" "$3" ;;
    colon) printf '%s:%s\n' "$2" "$3" ;;
  esac
}
