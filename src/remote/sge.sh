# shellcheck shell=sh disable=SC2154
# What takes more than one command of Grid Engine: its queue with the reasons of errors, its accounting by names, its
# version, and cancelling by id and name. Times are UTC. Answers to questions close with `end`.

# hz_sge_queue: `qstat -xml`; behind a line `hz-reasons` `qstat -xml -j` of those of ours that are in an error state.
hz_sge_queue() {
  TZ=UTC0
  export TZ
  hz_said=$(command qstat -xml -s prs)
  hz_code=$?
  printf '%s\n' "$hz_said"
  [ "$hz_code" -eq 0 ] || return "$hz_code"
  case $hz_said in
    *"<state>E"* | *"<state>dE"*)
      hz_sge_errors <<EOF
$hz_said
EOF
      # That we know no reason is no failure.
      if [ -n "$hz_ids" ]; then
        printf 'hz-reasons\n'
        command qstat -xml -j "$hz_ids" 2>/dev/null
      fi
      ;;
  esac
  printf 'end\n'
}

# hz_sge_errors: in hz_ids, with commas between them, those of ours that are in an error state; reads what qstat printed.
hz_sge_errors() {
  hz_ids='' hz_id='' hz_ours=''
  while IFS= read -r hz_line; do
    case $hz_line in
      *"<job_list"*) hz_id='' hz_ours='' ;;
      *"<JB_job_number>"*)
        hz_id=${hz_line#*>}
        hz_id=${hz_id%%<*}
        ;;
      *"<JB_name>hz"*) hz_ours=1 ;;
      *"<state>E"* | *"<state>dE"*)
        case $hz_ours/$hz_id in 1/*[!0-9]* | 1/ | /*) ;; *) hz_ids=$hz_ids${hz_ids:+,}$hz_id ;; esac
        ;;
    esac
  done
}

# hz_sge_accounting BEGIN NAME...: what `qacct -j` says of each name or pattern, without the lines that nobody reads. BEGIN
# (YYYYMMDDhhmm, or -) is the earliest start.
hz_sge_accounting() {
  TZ=UTC0
  export TZ
  hz_begin=$1
  shift
  for hz_name; do
    if [ "$hz_begin" = - ]; then command qacct -j "$hz_name"; else command qacct -b "$hz_begin" -j "$hz_name"; fi 2>&1 |
      command sed -e '/^ru_minflt/b' -e '/^ru_[^w]/d'
  done
  printf 'end\n'
}

# hz_sge_probe: `qconf -sconf`, which the manager itself answers, and the first line of its help, which has the version.
hz_sge_probe() {
  command qconf -sconf || return
  hz_said=$(command qconf -help 2>/dev/null)
  printf 'hz_version %s\nend\n' "${hz_said%%"$hz_newline"*}"
}

# hz_sge_cancel ID NAME: qdel, if the job of that id has that name. `stranger`: it has not.
hz_sge_cancel() {
  hz_said=$(command qstat -j "$1") || return
  while IFS= read -r hz_line; do
    case $hz_line in
      job_name:*)
        hz_line=${hz_line#job_name:}
        hz_line=${hz_line#"${hz_line%%[! ]*}"}
        if [ "$hz_line" = "$2" ]; then
          command qdel "$1"
          return
        fi
        ;;
    esac
  done <<EOF
$hz_said
EOF
  printf 'stranger\n'
}
