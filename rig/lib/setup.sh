# shellcheck shell=bash
# Users, directories, keys, and the configuration files from conf/*.in.

prepare() {
  local account
  for account in "$user" "$user2"; do
    if ! id "$account" >/dev/null 2>&1; then useradd --create-home --shell /bin/bash "$account"; fi
    # useradd locks the password, and sshd without PAM refuses a locked account ("Permission denied (publickey)").
    [[ $(getent shadow "$account" | cut -d: -f2) == '*' ]] || usermod --password '*' "$account"
  done

  install -d -m 755 "$rig_run/slurm" "$cluster_dir" "$rig_dir/bin" "$ssh_dir"
  install -d -m 755 -o slurm -g slurm "$rig_run/slurm" "$rig_log/slurm" "$cluster_dir/state"
  # munged wants its key, its log and its socket in directories that nobody else can write.
  install -d -m 700 -o munge -g munge "$rig_dir/munge" "$rig_log/munge"
  install -d -m 755 -o munge -g munge "$rig_run/munge"
  install -d -m 755 -o mysql -g mysql "$rig_run/mysql" "$rig_log/mysql"
  local node
  for node in "${nodes[@]}"; do install -d -m 755 "$cluster_dir/$node"; done

  prepare_munged
  prepare_sshd
  render "$slurm_conf" 644 root slurm.conf.in "slurm-$mode.conf.in"
  if [[ $mode == full ]]; then prepare_slurmdbd; fi
  if ((sge || oar)); then build_bind; fi
  if ((sge)); then prepare_gridengine; fi
  if ((oar)); then prepare_oar; fi
}

# Of daemons that listen on every address of the host and have no setting for it.
build_bind() { gcc -shared -fPIC -O1 -o "$rig_dir/bin/bind.so" "$rig_home/lib/bind.c" || die "bind.c can't be compiled"; }

# claim DIR: makes it this rig's. A directory that holds anything else is refused, for `wipe` removes it.
claim() {
  is_ours "$1" && return
  [[ -z $(ls -A "$1" 2>/dev/null) ]] || die "$1 exists and is not this rig's"
  install -d -m 755 "$1"
  echo "$rig_dir" >"$1/.hawser-rig"
}

is_ours() { [[ $(cat "$1/.hawser-rig" 2>/dev/null) == "$rig_dir" ]]; }

# render TARGET MODE OWNER TEMPLATE...: the templates one after the other, every @WORD@ replaced.
render() {
  local target=$1 permissions=$2 owner=$3 address
  address=$(slurm_address 2>/dev/null)
  shift 3
  local message_timeout=10 slurmd_timeout=20 min_job_age=300 kill_wait=5
  [[ $mode == full ]] || min_job_age=10
  ((!fast)) || { message_timeout=3 slurmd_timeout=8 min_job_age=10 kill_wait=2; }
  (cd "$rig_home/conf" && cat "$@") | sed \
    -e "s,@RIG_DIR@,$rig_dir,g" -e "s,@RIG_RUN@,$rig_run,g" -e "s,@RIG_LOG@,$rig_log,g" \
    -e "s,@CLUSTER@,$cluster,g" -e "s,@CLUSTER_DIR@,$cluster_dir,g" -e "s,@SLURM_CONF@,$slurm_conf,g" \
    -e "s,@HOSTNAME@,$(hostname -s),g" -e "s,@HOSTNAME_LONG@,$(hostname),g" -e "s,@ADDRESS@,$address,g" -e "s,@MUNGE_SOCKET@,$munge_socket,g" \
    -e "s,@USER@,$user,g" -e "s,@USER2@,$user2,g" -e "s,@DATABASE_PASSWORD@,${database_password:-},g" \
    -e "s,@PORT_SSHD@,$(port_of sshd),g" -e "s,@PORT_SLURMCTLD@,$(port_of slurmctld),g" \
    -e "s,@SGE_ROOT@,$sge_root,g" -e "s,@SGE_CELL@,$SGE_CELL,g" -e "s,@PORT_QMASTER@,$SGE_QMASTER_PORT,g" \
    -e "s,@PORT_EXECD@,$SGE_EXECD_PORT,g" -e "s,@PORT_ALMIGHTY@,$(port_of almighty),g" -e "s,@PORT_POSTGRES@,$(port_of postgres),g" -e "s,@SGE_GIDS@,$((port_base * 100))-$((port_base * 100 + 99)),g" \
    -e "s,@PORT_SLURMDBD@,$(port_of slurmdbd),g" -e "s,@PORT_MARIADB@,$(port_of mariadb),g" \
    -e "s,@PORTS_SLURMD@,$(port_of n1)-$(port_of n4),g" -e "s,@PORTS_SRUN@,$((port_base + 20))-$((port_base + 99)),g" \
    -e "s,@MESSAGE_TIMEOUT@,$message_timeout,g" -e "s,@SLURMD_TIMEOUT@,$slurmd_timeout,g" \
    -e "s,@MIN_JOB_AGE@,$min_job_age,g" -e "s,@KILL_WAIT@,$kill_wait,g" |
    install -m "$permissions" -o "$owner" -g "$owner" /dev/stdin "$target.new"
  mv "$target.new" "$target"
}
