/// Finds what a misspelt name was meant to be.
public enum Spelling {
    /// Returns the candidate nearest to `name`: one that differs only in case or underscores, as `MaxPool` does from `max_pool`; else the
    /// nearest by edit distance, if not more than a third of the letters differ; else one that `name` extends a little, as `kernel_size`
    /// does `kernel`. Nil where there is none.
    public static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
        let letters = plain(name)
        var best: (distance: Int, name: String)?
        var extended: String?
        for candidate in candidates where candidate != name {
            let other = plain(candidate)
            if isExtension(name, of: candidate), (extended?.count ?? 0, candidate) < (candidate.count, extended ?? "~") {
                extended = candidate
            }
            let limit = max(1, max(letters.count, other.count) / 3)
            let distance = editDistance(letters, other)
            guard distance <= limit, distance < letters.count else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name ?? extended
    }

    /// The letters that count: neither case nor underscores do. Of long names, so many as may differ in a readable report.
    private static func plain(_ name: String) -> [Unicode.Scalar] {
        Array(String(name.prefix(64)).lowercased().unicodeScalars.filter { $0 != "_" })
    }

    /// Whether a name is another with a few letters before or behind it: `padding` of `pad`, `out_channels` of `channels`.
    private static func isExtension(_ name: String, of other: String) -> Bool {
        // Bytes are counted in no time, characters are not.
        guard name.utf8.count <= 4 * (other.utf8.count + 5) else { return false }
        guard other.count >= 3, name.count > other.count, name.count <= other.count + 5 else { return false }
        return name.hasPrefix(other) || name.hasSuffix("_" + other)
    }

    /// The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of neighbours.
    package static func editDistance<Letter: Equatable>(_ a: [Letter], _ b: [Letter]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
