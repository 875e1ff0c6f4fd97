#!/bin/sh
# Runs on a GPU what no other machine can show, in calls of under ten minutes that resume one
# another, and keeps the reports: the gpu-marked tests, the smoke ablation, Tables 1, 3 and 4 on
# ImageNette at 224 pixels, IPC 1 and 10, with the recipes wmdd-code and wmdd-paper.
#
#   tools/gpu_evidence.sh                  one call: exit 0 all is done, 75 call again, else failed
#   until tools/gpu_evidence.sh; do [ $? = 75 ] || break; done
#   tools/gpu_evidence.sh --smoke          the same steps on the CPU in under a minute: digits, and
#                                          the three rows of Table 3 in the place of each table
#
# Variables: EVIDENCE_SECONDS a call may take (540), EVIDENCE_WORK for store and marks
# (.bench/evidence), EVIDENCE_OUT for reports (reports/measured), EVIDENCE_TESTS for pytest ("-m
# gpu"), PYTHON, and DDBENCH_DATA, where ImageNette is or may be downloaded to.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
work=${EVIDENCE_WORK:-$root/.bench/evidence}
out=${EVIDENCE_OUT:-$root/reports/measured}
seconds=${EVIDENCE_SECONDS:-540}
begun=$(date +%s)
AGAIN=75 # EX_TEMPFAIL: what a call that ran out of time returns

device=cuda kind=gpu profile=paper data=imagenette ipcs=1,10 table1=table1 table4=ablation short=''
case "${1:-}" in
  '') ;;
  --smoke)
    device=cpu kind=smoke profile=smoke data=digits ipcs=1 table1=table3 table4=table3
    short='--set seeds=1 --set squeeze.epochs=1 --set recover.iterations=3 --set relabel.epochs=2'
    ;;
  *)
    echo "usage: tools/gpu_evidence.sh [--smoke]; given $1" >&2
    exit 2
    ;;
esac

if ! "$python" -c 'import bench' 2>/dev/null; then
  echo "expected a Python with this project, given $python: run \`make install\` or set PYTHON" >&2
  exit 2
fi
if [ "$device" = cuda ] && ! "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
  echo "expected a CUDA device, found none: try --smoke, which runs on the CPU" >&2
  exit 2
fi

mkdir -p "$work/done" "$out" || exit 2
export DDBENCH_STORE="$work/store"
cd "$root" || exit 2

left() {
  echo $((seconds - ($(date +%s) - begun)))
}

# step NAME COMMAND...: runs a command unless an earlier call finished it; a command that the clock
# interrupts goes on in the next call, since everything it made is in the store.
step() {
  name=$1
  shift
  [ -e "$work/done/$name" ] && return
  rest=$(left)
  if [ "$rest" -lt 1 ]; then
    echo "out of time before $name: call again" >&2
    exit $AGAIN
  fi
  echo "== $name ($rest s left)"
  from=$(date +%s)
  timeout --signal=INT --kill-after=60 "$rest" "$@" >"$work/$name.log" 2>&1
  code=$?
  tail -n 3 "$work/$name.log"
  took=$(($(date +%s) - from + $(cat "$work/$name.seconds" 2>/dev/null || echo 0)))
  echo "$took" >"$work/$name.seconds"
  case $code in
    0) ;;
    124 | 130 | 137)
      echo "out of time in $name after $took s of it: call again" >&2
      exit $AGAIN
      ;;
    *)
      echo "$name failed with $code" >&2
      exit "$code"
      ;;
  esac
  date -u +%Y-%m-%dT%H:%M:%SZ >"$work/done/$name"
}

# study NAME STUDY RECIPE: runs a study and keeps its tables with how they came about.
study() {
  name=$kind-$1
  # shellcheck disable=SC2086 # the settings of a short run are words
  set -- "$name" "$2" --profile "$profile" --set "dataset=$data" --set "ipc=$ipcs" \
    --set "recipe=$3" $short
  keep=$1
  shift
  step "$keep" "$python" -m bench.cli.main run "$@" --device "$device" --no-tracking --quiet
  [ -e "$out/$keep/evidence.txt" ] && return
  made=$(sed -n 's|^report: \(.*\)/report.html .*|\1|p' "$work/$keep.log")
  mkdir -p "$out/$keep"
  cp "$made/report.md" "$made/report.csv" "$out/$keep/" || exit 1
  {
    echo "command: bench run $* --device $device"
    echo "device: $("$python" -c 'import torch; c = torch.cuda
print(c.get_device_name() if c.is_available() else f"CPU, {torch.get_num_threads()} threads")')"
    echo "finished: $(cat "$work/done/$keep")"
    echo "wall time: $(cat "$work/$keep.seconds") s, what earlier studies had made left out"
    echo "seeds and stages: report.csv"
  } >"$out/$keep/evidence.txt"
}

# shellcheck disable=SC2086 # several words, in both
{
  step tests "$python" -m pytest -q -p no:cacheprovider ${EVIDENCE_TESTS:--m gpu}
  step smoke "$python" -m bench.cli.main run ablation --profile smoke --device "$device" \
    --no-tracking --quiet --set seeds=1 $short
}
if [ "$data" != digits ]; then
  step data "$python" -m bench.cli.main data prepare "$data" --download
fi
for recipe in wmdd-code wmdd-paper; do
  study "table4-$recipe" $table4 "$recipe"
  study "table1-$recipe" $table1 "$recipe"
done
study table3 table3 wmdd-code
echo "all is done: $out/$kind-*"
