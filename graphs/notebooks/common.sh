# What the notebooks share, sourced by each: their options, which command they run, and where data sets lie.
# Sets `quick` (yes, or empty) and `out`.
quick= folder= out=results
while [ $# -gt 0 ]; do
    case $1 in
        # The head of the notebook.
        -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        --quick) quick=yes; shift ;;
        --out) out=${2:?--out needs a folder}; shift 2 ;;
        -*) echo "error: there is no option $1; see $0 --help" >&2; exit 2 ;;
        *) folder=$1; shift ;;
    esac
done
mkdir -p "$out"
braid=${BRAID:-$(command -v braid || echo "$here/../../.build/release/braid")}
show() { printf '\n$ braid %s\n' "$*"; "$braid" "$@"; }

# Sets `data` to what --data takes for `mnist` or `fashion-mnist`, which is fetched if need be; with --quick and without a folder, to the
# built-in digits.
find_data() {
    if [ -n "$quick" ] && [ -z "$folder" ]; then
        data=builtin:digits
        return
    fi
    data=mnist:${folder:=data}/$1
    [ -d "$folder/$1" ] || show data fetch "$1" --to "$folder/$1"
}
