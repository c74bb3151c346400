/// A place on a drawing, in pixels; `y` grows downwards.
struct Point: Hashable {
    var x: Double
    var y: Double
}

/// The layout of one group's children in rows, such that everything reads what stands above it (Sugiyama et al. 1981).
///
/// Values that are read several rows below run through lanes in the rows between. The steps: rows (longest path, then down to what
/// reads them), lanes, order in the rows (barycentres), columns (`ColumnPlacement`).
struct LayeredLayout {
    struct Node {
        var width: Double
        var height: Double
        /// In-ports stand in the first row, out-ports in the last.
        var port = Port.none
        /// Nodes take several lines side by side at their top if this is set; else lines end where the edges say.
        var spreadsInputs = false
    }

    enum Port { case none, entry, exit }

    struct Edge {
        var from: Int
        var to: Int
        /// Where the line begins and ends, from the middle of the nodes.
        var fromOffset = 0.0
        var toOffset = 0.0
        /// The value that runs along it: one that enters the group, or is made in it, at one node.
        var value: Int
    }

    /// Room between neighbours in a row, and between rows.
    static let columnGap = 20.0
    static let rowGap = 24.0
    static let laneWidth = 10.0
    /// More lanes than that are no drawing any more.
    static let maximumLanes = 200_000

    private(set) var nodes: [Node]
    let edges: [Edge]
    /// The row of each node; those from `firstLane` on are lanes.
    private(set) var rows: [Int] = []
    private(set) var firstLane = 0
    /// Lines between neighbouring rows, each from the upper to the lower node.
    private(set) var segments: [ColumnPlacement.Segment] = []
    /// For each edge the lanes it runs through, from above.
    private(set) var lanes: [[Int]] = []
    /// The nodes of each row from the left.
    private(set) var order: [[Int]] = []
    /// The middle of each node.
    private(set) var x: [Double] = []
    /// The upper and lower border of each row.
    private(set) var bands: [(top: Double, bottom: Double)] = []
    private(set) var width = 0.0
    private(set) var height = 0.0

    /// Nil where there are too many lanes.
    init?(_ nodes: [Node], _ edges: [Edge]) {
        self.nodes = nodes
        self.edges = edges
        guard !nodes.isEmpty else { return }
        assignRows()
        guard addLanes() else { return nil }
        orderRows()
        var placement = ColumnPlacement(order: order, widths: self.nodes.map(\.width), segments: segments)
        placement.isLane = self.nodes.indices.map { $0 >= firstLane }
        x = placement.columns(gap: Self.columnGap)
        let left = x.indices.map { x[$0] - self.nodes[$0].width / 2 }.min()!
        for index in x.indices { x[index] = ((x[index] - left) * 2).rounded() / 2 }
        width = x.indices.map { x[$0] + self.nodes[$0].width / 2 }.max()!
        assignHeights()
    }

    // MARK: - Rows

    private mutating func assignRows() {
        var (above, below) = ([[Int]](repeating: [], count: nodes.count), [[Int]](repeating: [], count: nodes.count))
        for edge in edges {
            below[edge.from].append(edge.to)
            above[edge.to].append(edge.from)
        }
        let hasEntries = nodes.contains { $0.port == .entry }
        rows = nodes.map { hasEntries && $0.port != .entry ? 1 : 0 }
        var waiting = above.map(\.count)
        var sorted = nodes.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < sorted.count {
            let node = sorted[next]
            next += 1
            for successor in below[node] {
                rows[successor] = max(rows[successor], rows[node] + 1)
                waiting[successor] -= 1
                if waiting[successor] == 0 { sorted.append(successor) }
            }
        }
        precondition(sorted.count == nodes.count, "a diagram reads itself in a circle")
        if nodes.contains(where: { $0.port == .exit }) {
            let last = zip(rows, nodes).map { $0 + ($1.port == .exit ? 0 : 1) }.max()!
            for index in nodes.indices where nodes[index].port == .exit { rows[index] = last }
        }
        // Branches hang above their join rather than stand below their fork.
        for node in sorted.reversed() where nodes[node].port == .none && !below[node].isEmpty && above[node].count <= below[node].count {
            rows[node] = below[node].map { rows[$0] }.min()! - 1
        }
    }

    private mutating func addLanes() -> Bool {
        firstLane = nodes.count
        lanes = Array(repeating: [], count: edges.count)
        // A fork looks best if each branch has a lane of its own; where many values are read again and again, as in dense blocks, all
        // readers of a value share one, or lanes would be all there is to see.
        let readers = Dictionary(grouping: edges.filter { rows[$0.to] - rows[$0.from] > 1 }, by: \.value).mapValues(\.count)
        let repeated = readers.values.filter { $0 > 1 }
        let sharesLanes = repeated.count > 2 || repeated.contains { $0 > 12 }
        var laneOfValue: [Int: [Int]] = [:]
        var known: Set<ColumnPlacement.Segment> = []
        func connect(_ segment: ColumnPlacement.Segment) { if known.insert(segment).inserted { segments.append(segment) } }
        for (index, edge) in edges.enumerated() {
            let count = rows[edge.to] - rows[edge.from] - 1
            var chain = sharesLanes ? laneOfValue[edge.value] ?? [] : []
            while chain.count < count {
                guard nodes.count - firstLane < Self.maximumLanes else { return false }
                let lane = nodes.count
                nodes.append(Node(width: Self.laneWidth, height: 0))
                rows.append(rows[edge.from] + chain.count + 1)
                if let upper = chain.last {
                    connect(ColumnPlacement.Segment(upper: upper, lower: lane))
                } else {
                    connect(ColumnPlacement.Segment(upper: edge.from, lower: lane, upperOffset: edge.fromOffset))
                }
                chain.append(lane)
            }
            laneOfValue[edge.value] = chain
            lanes[index] = Array(chain.prefix(count))
            if let upper = lanes[index].last {
                connect(ColumnPlacement.Segment(upper: upper, lower: edge.to, lowerOffset: edge.toOffset))
            } else {
                connect(
                    ColumnPlacement.Segment(upper: edge.from, lower: edge.to, upperOffset: edge.fromOffset, lowerOffset: edge.toOffset))
            }
        }
        return true
    }

    // MARK: - Order

    /// Sorts each row by the mean place of its neighbours, down and up in turn, and keeps what crosses least.
    private mutating func orderRows() {
        order = Array(repeating: [], count: rows.max()! + 1)
        // In the order of the source; a lane stands where what it leads to would.
        var goal = Array(nodes.indices)
        for (edge, lanes) in zip(edges, lanes) { for lane in lanes { goal[lane] = edge.to } }
        for node in nodes.indices.sorted(by: { (goal[$0], $0) < (goal[$1], $1) }) { order[rows[node]].append(node) }
        guard order.contains(where: { $0.count > 1 }) else { return }
        var (above, below) = ([[Int]](repeating: [], count: nodes.count), [[Int]](repeating: [], count: nodes.count))
        for segment in segments {
            above[segment.lower].append(segment.upper)
            below[segment.upper].append(segment.lower)
        }
        var place = [Int](repeating: 0, count: nodes.count)
        func number(_ row: [Int]) { for (index, node) in row.enumerated() { place[node] = index } }
        order.forEach(number)
        func sorted(_ row: [Int], by neighbours: [[Int]]) -> [Int] {
            guard row.count > 1 else { return row }
            let keys = row.map { node -> Double in
                let list = neighbours[node]
                if list.isEmpty { return Double(place[node]) }
                return Double(list.reduce(0) { $0 + place[$1] }) / Double(list.count)
            }
            // Equals keep their order, so that the first branch stands left and a lane right of what it passes.
            return row.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { row[$0] }
        }
        var best = (crossings: crossings(order, below, place), order: order)
        for round in 0..<8 where best.crossings > 0 {
            if round % 2 == 0 {
                for row in order.indices.dropFirst() {
                    order[row] = sorted(order[row], by: above)
                    number(order[row])
                }
            } else {
                for row in order.indices.dropLast().reversed() {
                    order[row] = sorted(order[row], by: below)
                    number(order[row])
                }
            }
            let count = crossings(order, below, place)
            if count < best.crossings { best = (count, order) }
        }
        order = best.order
    }

    /// The number of pairs of lines that cross, counted with a tree of sums (Barth et al. 2004).
    private func crossings(_ order: [[Int]], _ below: [[Int]], _ place: [Int]) -> Int {
        var count = 0
        for (row, lower) in zip(order, order.dropFirst()) where row.count > 1 && lower.count > 1 {
            var sums = [Int](repeating: 0, count: lower.count + 1)
            var total = 0
            for node in row {
                let ends = below[node].map { place[$0] + 1 }.sorted()
                for end in ends {
                    var (index, before) = (end, 0)
                    while index > 0 {
                        before += sums[index]
                        index -= index & -index
                    }
                    count += total - before
                }
                for end in ends {
                    total += 1
                    var index = end
                    while index <= lower.count {
                        sums[index] += 1
                        index += index & -index
                    }
                }
            }
        }
        return count
    }

    // MARK: - Heights

    private mutating func assignHeights() {
        var rise = [Double](repeating: 0, count: order.count)
        for segment in segments {
            let run = abs(x[segment.upper] + segment.upperOffset - x[segment.lower] - segment.lowerOffset)
            rise[rows[segment.lower]] = max(rise[rows[segment.lower]], min(28, run * 0.05))
        }
        var y = 0.0
        for (row, members) in order.enumerated() {
            if row > 0 { y += Self.rowGap + rise[row].rounded() }
            let tallest = members.map { nodes[$0].height }.max() ?? 0
            bands.append((y, y + tallest))
            y += tallest
        }
        height = y
    }

    /// The top of a node in the middle of its row.
    func top(of node: Int) -> Double {
        let band = bands[rows[node]]
        return band.top + (band.bottom - band.top - nodes[node].height) / 2
    }

    /// The corners of each edge's line: in the gaps between rows it changes its column, in the rows it runs straight down.
    func routes() -> [[Point]] {
        var routes = edges.indices.map { index -> [Point] in
            let edge = edges[index]
            let start = x[edge.from] + edge.fromOffset
            var points = [
                Point(x: start, y: top(of: edge.from) + nodes[edge.from].height), Point(x: start, y: bands[rows[edge.from]].bottom),
            ]
            for lane in lanes[index] {
                points += [Point(x: x[lane], y: bands[rows[lane]].top), Point(x: x[lane], y: bands[rows[lane]].bottom)]
            }
            let end = x[edge.to] + edge.toOffset
            return points + [Point(x: end, y: bands[rows[edge.to]].top), Point(x: end, y: top(of: edge.to))]
        }
        var arriving = [[Int]](repeating: [], count: nodes.count)
        for (index, edge) in edges.enumerated() where nodes[edge.to].spreadsInputs { arriving[edge.to].append(index) }
        for (node, list) in arriving.enumerated() where !list.isEmpty {
            func origin(_ edge: Int) -> Double { routes[edge][routes[edge].count - 3].x }
            let sorted = list.sorted { (origin($0), $0) < (origin($1), $1) }
            // A line that comes alone ends in the middle, or runs on straight if that is close.
            let reach = list.count > 1 ? nodes[node].width / 2 - 9 : abs(origin(list[0]) - x[node]) <= 12 ? 12 : 0
            let (left, right) = (x[node] - reach, x[node] + reach)
            for (edge, end) in zip(sorted, Self.spread(sorted.map(origin), from: left, to: right)) {
                let count = routes[edge].count
                routes[edge][count - 2].x = end
                routes[edge][count - 1].x = end
            }
        }
        return routes
    }

    /// Places near `wishes`, which ascend, within the bounds and apart from one another.
    private static func spread(_ wishes: [Double], from left: Double, to right: Double) -> [Double] {
        let step = wishes.count > 1 ? min(14, (right - left) / Double(wishes.count - 1)) : 0
        var places = wishes.map { min(max($0, left), right) }
        for index in places.indices.dropFirst() { places[index] = max(places[index], places[index - 1] + step) }
        if var limit = places.last.map({ min($0, right) }) {
            for index in places.indices.reversed() {
                places[index] = min(places[index], limit)
                limit = places[index] - step
            }
        }
        return places
    }
}
