# What the scripts share: where the project is, how they speak and how wide they build. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C.UTF-8
HOUSE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export HOUSE_ROOT

# Progress goes to standard error: standard output belongs to what the script is asked for.
say() { printf '%s\n' "$*" >&2; }

# fail CODE TEXT...: 64 usage, 69 something needed is missing, 70 internal.
fail() {
  local code=$1
  shift
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit "$code"
}

# The comment block at the top of the calling script is its help.
usage() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }

# One compiler per core, but only as many as memory carries. $1: MiB a compiler may need.
house_jobs() {
  local per_job=${1:-1800} cores available jobs
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  jobs=$((available / per_job))
  if ((jobs > cores)); then jobs=$cores; fi
  if ((jobs < 1)); then jobs=1; fi
  printf '%s' "$jobs"
}

# seconds -> "1 m 05 s" or "7 s"
house_duration() {
  if (($1 < 60)); then
    printf '%d s' "$1"
  else
    printf '%d m %02d s' $(($1 / 60)) $(($1 % 60))
  fi
}
