# shellcheck shell=sh
# One process of a job whose launcher starts several: the rank.sh of a job directory sources this file and calls
#
#   hz_rank DIRECTORY OUTPUT ARGV...     OUTPUT: `own`, files of its own in work/ranks; or `one`, those of the launcher
#
# It stays the command's parent, and ends as the command did. The first one that ends with another code than 0 says so in
# `rank-ended` of the job directory (RANK CODE HOST): the launcher may only know whom it killed because of that.

hz_rank() {
  hz_directory=$1 hz_output=$2
  shift 2
  # mpirun may run inside srun: its own names come first.
  hz_rank=${OMPI_COMM_WORLD_RANK-${PMI_RANK-${PMIX_RANK-${SLURM_PROCID-${FLUX_TASK_RANK-${JSM_NAMESPACE_RANK-${ALPS_APP_PE-$$}}}}}}}
  if [ "$hz_output" = own ]; then
    mkdir -p ranks
    exec >"ranks/$hz_rank.out" 2>"ranks/$hz_rank.err"
  fi
  # Launchers signal the process group, so the command has had it; this shell only has to outlive it.
  trap : HUP INT TERM USR1 USR2
  "$@"
  hz_code=$?
  trap - HUP INT TERM USR1 USR2
  [ "$hz_code" -ne 0 ] || exit 0
  # Exclusively: the first one wins.
  (
    set -C
    printf '%s %s %s\n' "$hz_rank" "$hz_code" "$(uname -n)" >"$hz_directory/rank-ended"
  ) 2>/dev/null
  hz_signal=$(kill -l "$((hz_code - 128))" 2>/dev/null) || hz_signal=
  case $hz_code/${hz_signal#SIG} in
    12[0-8]/* | ?/* | ??/* | 1[01]?/*) ;;
    */HUP | */INT | */QUIT | */ILL | */TRAP | */ABRT | */BUS | */FPE | */KILL | */USR[12] | */SEGV | */PIPE | */ALRM | */TERM | */XCPU | */XFSZ)
      # The command has dumped its core already.
      # shellcheck disable=SC3045
      ulimit -c 0 2>/dev/null
      kill -s "${hz_signal#SIG}" "$$"
      ;;
  esac
  exit "$hz_code"
}
