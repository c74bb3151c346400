/// Columns for the nodes of a layered drawing whose rows are ordered: neighbours keep apart, long lines are straight, and forks and
/// joins stand in the middle.
///
/// Four placements, pushed to either side and straightened from either end, are averaged (Brandes & Köpf, "Fast and Simple Horizontal
/// Coordinate Assignment", 2001). Lines may begin and end beside the middle of their nodes. At a fork or join of two, the line with
/// more on it is the straight one, so that a shortcut bends and the main path does not; lanes bend before what ends beside them.
struct ColumnPlacement {
    /// A line between nodes of neighbouring rows.
    struct Segment: Hashable {
        var upper: Int
        var lower: Int
        /// Where it begins and ends, from the middle of the nodes.
        var upperOffset = 0.0
        var lowerOffset = 0.0
    }

    let order: [[Int]]
    let widths: [Double]
    let segments: [Segment]
    /// Nodes that are only passed.
    var isLane: [Bool] = []

    /// The middle of each node.
    func columns(gap: Double) -> [Double] {
        let straight = straightSegments()
        var placements: [[Double]] = []
        for fromAbove in [true, false] {
            for fromLeft in [true, false] {
                let placed = place(straight, fromAbove: fromAbove, mirrored: !fromLeft, gap: gap)
                placements.append(fromLeft ? placed : placed.map { -$0 })
            }
        }
        func bounds(_ placement: [Double]) -> (Double, Double) {
            (
                placement.indices.map { placement[$0] - widths[$0] / 2 }.min() ?? 0,
                placement.indices.map { placement[$0] + widths[$0] / 2 }.max() ?? 0
            )
        }
        let all = placements.map(bounds)
        let narrowest = all.indices.min { (all[$0].1 - all[$0].0, $0) < (all[$1].1 - all[$1].0, $1) }!
        for index in placements.indices {
            // Those pushed to the left share its left border, those to the right its right one.
            let shift = index % 2 == 0 ? all[narrowest].0 - all[index].0 : all[narrowest].1 - all[index].1
            for node in widths.indices { placements[index][node] += shift }
        }
        return widths.indices.map { node in
            let sorted = placements.map { $0[node] }.sorted()
            return (sorted[1] + sorted[2]) / 2
        }
    }

    /// The segments that may be made vertical.
    private func straightSegments() -> [Segment] {
        // How many nodes that are no lanes lie on the longest path through a segment.
        var (above, below) = ([Int](repeating: 0, count: widths.count), [Int](repeating: 0, count: widths.count))
        var row = [Int](repeating: 0, count: widths.count)
        for (index, nodes) in order.enumerated() { for node in nodes { row[node] = index } }
        let descending = segments.sorted { row[$0.upper] < row[$1.upper] }
        for node in widths.indices where !isLane[node] { (above[node], below[node]) = (1, 1) }
        for segment in descending {
            above[segment.lower] = max(above[segment.lower], above[segment.upper] + (isLane[segment.lower] ? 0 : 1))
        }
        for segment in descending.reversed() {
            below[segment.upper] = max(below[segment.upper], below[segment.lower] + (isLane[segment.upper] ? 0 : 1))
        }
        var (downward, upward) = ([[Int]](repeating: [], count: widths.count), [[Int]](repeating: [], count: widths.count))
        let weights = segments.map { above[$0.upper] + below[$0.lower] }
        for (segment, weight) in zip(segments, weights) {
            downward[segment.upper].append(weight)
            upward[segment.lower].append(weight)
        }
        func isHeaviest(_ weight: Int, of others: [Int]) -> Bool { others.count != 2 || weight == others.max()! }
        // Where one node and any number of lanes end, the node stands above.
        var nodesAbove = [Int](repeating: 0, count: widths.count)
        for segment in segments where !isLane[segment.upper] { nodesAbove[segment.lower] += 1 }
        return zip(segments, weights).filter { segment, weight in
            isHeaviest(weight, of: downward[segment.upper]) && isHeaviest(weight, of: upward[segment.lower])
                && !(isLane[segment.upper] && nodesAbove[segment.lower] == 1)
        }.map(\.0)
    }

    /// One of the four placements. A mirrored one counts columns from the right.
    private func place(_ straight: [Segment], fromAbove: Bool, mirrored: Bool, gap: Double) -> [Double] {
        let order = mirrored ? order.map { $0.reversed() } : order
        let sign = mirrored ? -1.0 : 1.0
        var place = [Int](repeating: 0, count: widths.count)
        for nodes in order { for (index, node) in nodes.enumerated() { place[node] = index } }
        /// The neighbours in the row before, each with how far to its right the node stands if their line is vertical.
        var neighbours = [[(node: Int, shift: Double)]](repeating: [], count: widths.count)
        for segment in straight {
            let shift = (segment.upperOffset - segment.lowerOffset) * sign
            if fromAbove {
                neighbours[segment.lower].append((segment.upper, shift))
            } else {
                neighbours[segment.upper].append((segment.lower, -shift))
            }
        }
        // Columns of nodes that stand above one another, each known by its first node.
        var column = Array(widths.indices)
        var shift = [Double](repeating: 0, count: widths.count)
        var isContinued = [Bool](repeating: false, count: widths.count)
        for nodes in fromAbove ? order : order.reversed() {
            var last = -1
            for node in nodes where !neighbours[node].isEmpty {
                let list = neighbours[node].sorted { place[$0.node] < place[$1.node] }
                for (other, distance) in list[((list.count - 1) / 2)...(list.count / 2)] {
                    guard column[node] == node, !isContinued[other], place[other] > last else { continue }
                    column[node] = column[other]
                    shift[node] = shift[other] + distance
                    isContinued[other] = true
                    last = place[other]
                }
            }
        }
        return compacted(order, column, shift, gap)
    }

    /// Moves columns together: as far left as their neighbours allow, then right towards those.
    private func compacted(_ order: [[Int]], _ column: [Int], _ shift: [Double], _ gap: Double) -> [Double] {
        var right = [[(column: Int, distance: Double)]](repeating: [], count: widths.count)
        var waiting = [Int](repeating: 0, count: widths.count)
        for nodes in order {
            for (a, b) in zip(nodes, nodes.dropFirst()) {
                let distance = (widths[a] + widths[b]) / 2 + (isLane[a] && isLane[b] ? gap / 2 : gap)
                right[column[a]].append((column[b], distance + shift[a] - shift[b]))
                waiting[column[b]] += 1
            }
        }
        var x = [Double](repeating: -.infinity, count: widths.count)
        var sorted = widths.indices.filter { column[$0] == $0 && waiting[$0] == 0 }
        for start in sorted { x[start] = 0 }
        var next = 0
        while next < sorted.count {
            let current = sorted[next]
            next += 1
            for (other, distance) in right[current] {
                x[other] = max(x[other], x[current] + distance)
                waiting[other] -= 1
                if waiting[other] == 0 { sorted.append(other) }
            }
        }
        for current in sorted.reversed() {
            if let limit = right[current].map({ x[$0.column] - $0.distance }).min() { x[current] = max(x[current], limit) }
        }
        return widths.indices.map { x[column[$0]] + shift[$0] }
    }
}
