/// Finds what a misspelt name was meant to be.
public enum Spelling {
    /// Returns the candidate nearest to `name` by edit distance, or nil where none is near (more than a third of the letters differ).
    /// A candidate that differs only in case or underscores, as `MaxPool` does from `max_pool`, is the nearest of all.
    public static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
        func plain(_ text: String) -> String { String(text.prefix(64)).lowercased().filter { $0 != "_" } }
        let wanted = plain(name)
        if wanted.count > 1, let same = candidates.filter({ $0 != name && plain($0) == wanted }).min() { return same }
        let letters = Array(name.unicodeScalars.prefix(64))
        var best: (distance: Int, name: String)?
        for candidate in candidates where candidate != name {
            let limit = max(1, max(letters.count, candidate.unicodeScalars.count) / 3)
            let distance = editDistance(letters, Array(candidate.unicodeScalars.prefix(64)))
            guard distance <= limit, distance < letters.count else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best?.name
    }

    /// The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of neighbours.
    static func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
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
