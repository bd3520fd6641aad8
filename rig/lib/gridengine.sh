# shellcheck shell=bash
# Grid Engine beside Slurm (`up --sge`): sge_qmaster and sge_execd of Debian's packages, in a root, a cell and on ports of the rig's own.

prepare_gridengine() {
  install -d -m 755 -o sgeadmin -g sgeadmin "$sge_root" "$sge_root/$SGE_CELL" "$sge_root/$SGE_CELL/common" \
    "$sge_root/qmaster" "$sge_root/qmaster/job_scripts" "$sge_root/execd" "$sge_root/spooldb"
  ln -sfn /usr/share/gridengine/util "$sge_root/util"
  # A command line that is the rig's own.
  ln -sfn /usr/lib/gridengine/sge_qmaster "$rig_dir/bin/sge_qmaster"
  ln -sfn /usr/lib/gridengine/sge_execd "$rig_dir/bin/sge_execd"
  local common=$sge_root/$SGE_CELL/common
  # qmaster writes it again.
  hostname | install -m 644 -o sgeadmin -g sgeadmin /dev/stdin "$common/act_qmaster"
  # What 127.0.0.1 is called depends on /etc/hosts.
  echo "$(hostname) localhost" >"$common/host_aliases"
  render "$common/bootstrap" 644 sgeadmin sge/bootstrap.in
  [[ ! -e $sge_root/initialised ]] || return 0
  rm -rf "${sge_root:?}/spooldb"/*
  render "$sge_root/global" 644 root sge/global.in
  as_sgeadmin /usr/lib/gridengine/spoolinit berkeleydb libspoolb "$sge_root/spooldb" init
  as_sgeadmin /usr/lib/gridengine/spooldefaults configuration "$sge_root/global"
  as_sgeadmin /usr/lib/gridengine/spooldefaults complexes /usr/share/gridengine/util/resources/centry
  as_sgeadmin /usr/lib/gridengine/spooldefaults usersets /usr/share/gridengine/util/resources/usersets
  as_sgeadmin /usr/lib/gridengine/spooldefaults managers sgeadmin root
  touch "$sge_root/initialised"
}

as_sgeadmin() { run_gridengine sgeadmin "$@"; }

run_gridengine() {
  local as=$1
  shift
  run_as "$as" "$rig_log/gridengine.log" SGE_ROOT="$sge_root" SGE_CELL="$SGE_CELL" \
    SGE_QMASTER_PORT="$SGE_QMASTER_PORT" SGE_EXECD_PORT="$SGE_EXECD_PORT" "$@" || die "$1: see $rig_log/gridengine.log"
}

# A daemon that listens where the host's name leads, like Slurm's, and not on every address.
run_daemon() {
  local address
  address=$(slurm_address)
  run_gridengine root env RIG_ADDRESS="$address" LD_PRELOAD="$rig_dir/bin/bind.so" "$1"
}

start_qmaster() {
  run_daemon "$rig_dir/bin/sge_qmaster"
  wait_for 20 qmaster qmaster_answers
  [[ -e $sge_root/configured ]] || configure_gridengine
}

qmaster_answers() { pid_of qmaster && timeout 3 qconf -sh; }

# Once, for it is all kept in the spool. What is there already is no error: the last try may have been interrupted.
configure_gridengine() {
  local part host
  host=$(hostname)
  for part in hostgroup pe-smp pe-mpi main.q short.q scheduler; do render "$sge_root/$part" 644 root "sge/$part.in"; done
  {
    qconf -ah "$host"
    qconf -as "$host"
    qconf -Ahgrp "$sge_root/hostgroup"
    qconf -Ap "$sge_root/pe-smp"
    qconf -Ap "$sge_root/pe-mpi"
    qconf -Aq "$sge_root/main.q"
    qconf -Aq "$sge_root/short.q"
    qconf -Msconf "$sge_root/scheduler"
  } </dev/null >>"$rig_log/gridengine.log" 2>&1 9>&- || true
  [[ $(qconf -sql 2>&1 | paste -sd ' ') == "main.q short.q" ]] || die "Grid Engine took no queues: see $rig_log/gridengine.log"
  touch "$sge_root/configured"
}

start_execd() {
  run_daemon "$rig_dir/bin/sge_execd"
  wait_for 20 execd queues_are_open
}

# A queue without a working execd is in state `au`, and then its state stands in the last column.
queues_are_open() { pid_of execd && [[ $(timeout 3 qstat -f 2>/dev/null | awk '/^(main|short)\.q@/ && NF == 5' | wc -l) == 2 ]]; }

delete_all_jobs() {
  uses qmaster && daemon_is qmaster up || return 0
  timeout 10 qdel -f -u '*' >/dev/null 2>&1 9>&- || true
}
