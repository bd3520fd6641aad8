# shellcheck shell=sh disable=SC2154
# What takes more than one command of Slurm. Needs facts.sh.

# hz_slurm_requeue NAME ID [OPTION...]: scontrol requeue takes ids alone, and an id may be a stranger's by now: only where the
# queue has it under this name, and as one that runs. One that waits has been requeued, or was never started.
hz_slurm_requeue() {
  hz_name=$1 hz_id=$2
  shift 2
  hz_said=$(command squeue "$@" --noheader --jobs="$hz_id" --format='%T %j') || return
  # Of a cluster that is named there is a line with its name before.
  while IFS=' ' read -r hz_state hz_line; do
    [ "$hz_line" != "$hz_name" ] || break
    hz_state=
  done <<EOF
$hz_said
EOF
  case $hz_state in
    PENDING) ;;
    '')
      printf '%s: Invalid job id specified: it is not called %s\n' "$hz_id" "$hz_name" >&2
      return 1
      ;;
    *) command scontrol "$@" requeue "$hz_id" ;;
  esac
}
