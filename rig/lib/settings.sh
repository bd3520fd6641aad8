# shellcheck shell=bash
# What a rig is called, where it lives and which ports it has. `up` writes it down; every later command reads it back.

daemons=(munged mariadb slurmdbd slurmctld n1 n2 n3 n4 sshd qmaster execd postgres almighty) # in the order of starting
nodes=(n1 n2 n3 n4)

rig_name=${RIG_NAME:-$(basename "${RIG_DIR:-hawser-rig}")}
rig_dir=${RIG_DIR:-/var/lib/$rig_name}
rig_run=${RIG_RUN:-/run/$rig_name}
rig_log=${RIG_LOG:-/var/log/$rig_name}

# The default lies below the range from which Linux takes local ports (32768 up), so nobody's outgoing connection sits on it.
port_base=${RIG_PORT_BASE:-31800}
user=${RIG_USER:-hwsr}
user2=${RIG_USER2:-hwsr2}
mode=full
fast=${RIG_FAST:-0}
sge=${RIG_SGE:-0}
oar=${RIG_OAR:-0}

saved_settings() { printf '%s=%s\n' rig_name "$rig_name" rig_run "$rig_run" rig_log "$rig_log" port_base "$port_base" user "$user" user2 "$user2" mode "$mode" fast "$fast"; }

load_settings() {
  [[ -r $rig_dir/settings ]] || return 0
  # shellcheck source=/dev/null
  . "$rig_dir/settings"
  derive
}

# Everything that follows from the settings.
derive() {
  local value
  # sed, JSON and slurm.conf take these words as they are.
  for value in "$rig_name" "$rig_dir" "$rig_run" "$rig_log" "$user" "$user2"; do
    [[ $value =~ ^[A-Za-z0-9_./-]+$ ]] || die "only letters, digits and _ . / - in settings, not '$value'"
  done
  for value in "$rig_dir" "$rig_run" "$rig_log"; do
    [[ $value == /*/* ]] || die "an absolute path of two parts or more, not '$value'"
  done
  if [[ ! $port_base =~ ^[0-9]{4,5}$ ]] || ((port_base < 1024 || port_base > 65000)); then
    die "RIG_PORT_BASE: 1024 to 65000, not '$port_base'"
  fi

  cluster=${rig_name,,}
  cluster=${cluster//[^a-z0-9]/_}
  [[ $mode == full ]] || cluster+=_minimal
  cluster_dir=$rig_dir/$mode
  slurm_conf=$cluster_dir/slurm.conf
  ssh_dir=$rig_dir/ssh
  sge_root=$rig_dir/sge
  oar_dir=$rig_dir/oar
  munge_socket=$rig_run/munge/munge.socket.2
  mariadb_socket=$rig_run/mysql/mariadb.sock
  export SLURM_CONF=$slurm_conf SGE_ROOT=$sge_root SGE_CELL=rig
  SGE_QMASTER_PORT=$(port_of qmaster) SGE_EXECD_PORT=$(port_of execd)
  export SGE_QMASTER_PORT SGE_EXECD_PORT
}

# Whether a daemon is part of this rig.
uses() {
  case $1 in
    mariadb | slurmdbd) [[ $mode == full ]] ;;
    qmaster | execd) ((sge)) ;;
    postgres | almighty) ((oar)) ;;
  esac
}

port_of() {
  case $1 in
    sshd) echo "$port_base" ;;
    slurmctld) echo $((port_base + 1)) ;;
    slurmdbd) echo $((port_base + 2)) ;;
    mariadb) echo $((port_base + 3)) ;;
    qmaster) echo $((port_base + 4)) ;;
    execd) echo $((port_base + 5)) ;;
    postgres) echo $((port_base + 6)) ;;
    almighty) echo $((port_base + 7)) ;;
    n[1-4]) echo $((port_base + 10 + ${1#n})) ;;
  esac
}

# slurmctld, slurmd and srun bind to what the host's own name resolves to (NoInAddrAny), so that is the address to give them.
slurm_address() {
  local address
  address=$(getent ahostsv4 "$(hostname)" | awk 'NR == 1 { print $1 }')
  [[ $address == 127.* ]] || echo "rig: $(hostname) resolves to '$address': Slurm listens there, not on the loopback" >&2
  echo "${address:-127.0.0.1}"
}
