# shellcheck shell=sh disable=SC2154
# What takes more than one command of Slurm. Needs facts.sh.

# hz_slurm_requeue NAME ID RESTARTS [OPTION...]: scontrol requeue, unless it was done. That takes ids alone, and an id may be a
# stranger's by now: so only where the queue has it under this name, as one that runs, and started again no oftener than this.
# Who asks again for want of an answer starts nothing a second time.
hz_slurm_requeue() {
  hz_name=$1 hz_id=$2 hz_count=$3
  shift 3
  hz_said=$(command squeue "$@" --noheader --jobs="$hz_id" --Format=State:20,RestartCnt:12,Name:255) || return
  # Of a cluster that is named there is a line with its name before.
  while IFS=' ' read -r hz_state hz_restarts hz_line; do
    [ "$hz_line" != "$hz_name" ] || break
    hz_state=
  done <<EOF
$hz_said
EOF
  case $hz_state/$hz_restarts in
    /*)
      printf '%s: Invalid job id specified: it is not called %s\n' "$hz_id" "$hz_name" >&2
      return 1
      ;;
    PENDING/*) ;;
    */"$hz_count") command scontrol "$@" requeue "$hz_id" ;;
  esac
}
