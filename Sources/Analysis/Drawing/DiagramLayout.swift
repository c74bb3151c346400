/// A rectangle in pixels.
struct Frame: Hashable {
    var x = 0.0
    var y = 0.0
    var width = 0.0
    var height = 0.0
    var right: Double { x + width }
    var bottom: Double { y + height }
}

/// Where everything of a diagram is drawn.
///
/// A group is laid out by itself and then is one thing in the group around it. A value that enters or leaves a group does so through a
/// port in its upper or lower border, so that lines never cross what they do not concern.
struct DiagramLayout {
    /// A piece of a line: from a box or a port down to a box or a port.
    struct Line {
        var points: [Point]
        /// The box that it ends at, nil at a port.
        var target: Int?
        /// The box whose value runs along it.
        var value: Int
    }

    /// The sizes of texts in pixels.
    static let titleSize = 12.0
    static let stripSize = 10.0
    static let labelSize = 9.5
    static let groupSize = 10.5
    static let headerHeight = 21.0
    static let stripHeight = 14.0
    static let labelHeight = 15.0
    /// Inside of a group, and the room for its title.
    static let padding = 14.0
    static let groupHeader = 22.0
    /// More boxes than that are no drawing any more.
    static let maximumBoxes = 30_000

    var boxes: [Frame]
    var groups: [Frame]
    /// Where the titles of the groups begin, from the left border.
    var titles: [Double]
    var lines: [Line] = []
    var width: Double { groups[0].width }
    var height: Double { groups[0].height }

    private enum Element: Hashable {
        case box(Int)
        case group(Int)
        case entry(Int)
        case exit(Int)
    }

    /// What happens inside of one group.
    private struct Interior {
        var elements: [Element] = []
        var numbers: [Element: Int] = [:]
        var arcs: [(from: Int, to: Int, value: Int)] = []
        var known: Set<[Int]> = []
        /// Columns of the ports, from the group's left border, by value.
        var entries: [Int: Double] = [:]
        var exits: [Int: Double] = [:]

        mutating func number(_ element: Element) -> Int {
            if let found = numbers[element] { return found }
            numbers[element] = elements.count
            elements.append(element)
            return elements.count - 1
        }

        mutating func connect(_ from: Element, _ to: Element, _ value: Int) {
            let (a, b) = (number(from), number(to))
            if known.insert([a, b, value]).inserted { arcs.append((a, b, value)) }
        }
    }

    init(_ diagram: Diagram) throws(DrawingError) {
        let tooLarge = DrawingError(
            "'\(diagram.name)' is too large to draw", repair: "draw fewer levels with --depth, or let Graphviz lay it out: --dot")
        guard diagram.boxes.count <= Self.maximumBoxes else { throw tooLarge }
        boxes = diagram.boxes.map(Self.size)
        groups = diagram.groups.map { _ in Frame() }
        titles = groups.map { _ in Self.padding }
        var interiors = Self.interiors(of: diagram)
        var pieces: [(group: Int, line: Line)] = []
        for group in diagram.groups.indices.reversed() {
            guard let made = layOut(group, diagram, &interiors) else { throw tooLarge }
            pieces += made.map { (group, $0) }
        }
        // From the outside in, frames become places on the whole drawing.
        for (index, group) in diagram.groups.enumerated() {
            for child in group.children {
                switch child {
                case .box(let box):
                    boxes[box].x += groups[index].x
                    boxes[box].y += groups[index].y
                case .group(let inner):
                    groups[inner].x += groups[index].x
                    groups[inner].y += groups[index].y
                }
            }
        }
        lines = pieces.reversed().map { group, line in
            var line = line
            line.points = line.points.map { Point(x: $0.x + groups[group].x, y: $0.y + groups[group].y) }
            return line
        }
    }

    private static func size(of box: Diagram.Box) -> Frame {
        var width = TextMetrics.width(box.strips[0].text, size: titleSize, isBold: true)
        for strip in box.strips.dropFirst() { width = max(width, TextMetrics.width(strip.text, size: stripSize)) }
        let gap = box.label.isEmpty ? 0 : 14.0
        width = max(width, TextMetrics.width(box.label, size: labelSize) + gap + TextMetrics.width(box.shape, size: labelSize))
        let height = headerHeight + stripHeight * Double(box.strips.count - 1) + labelHeight
        // Room for the lines that end here.
        return Frame(width: max((width + 20).rounded(.up), min(600, 24 * Double(box.inputCount))), height: height)
    }

    private static func interiors(of diagram: Diagram) -> [Interior] {
        var interiors = [Interior](repeating: Interior(), count: diagram.groups.count)
        for (index, group) in diagram.groups.enumerated() {
            for child in group.children {
                switch child {
                case .box(let box): _ = interiors[index].number(.box(box))
                case .group(let inner): _ = interiors[index].number(.group(inner))
                }
            }
        }
        for edge in diagram.edges {
            var (from, to) = (Element.box(edge.from), Element.box(edge.to))
            var (a, b) = (diagram.boxes[edge.from].group, diagram.boxes[edge.to].group)
            while a != b {
                if diagram.groups[a].depth >= diagram.groups[b].depth {
                    interiors[a].connect(from, .exit(edge.from), edge.from)
                    (from, a) = (.group(a), diagram.groups[a].parent!)
                } else {
                    interiors[b].connect(.entry(edge.from), to, edge.from)
                    (to, b) = (.group(b), diagram.groups[b].parent!)
                }
            }
            interiors[a].connect(from, to, edge.from)
        }
        return interiors
    }

    /// Places the children of a group from its own corner and gives it its size; returns its lines, nil where there are too many.
    private mutating func layOut(_ index: Int, _ diagram: Diagram, _ interiors: inout [Interior]) -> [Line]? {
        let interior = interiors[index]
        let nodes = interior.elements.map { element -> LayeredLayout.Node in
            switch element {
            case .box(let box): .init(width: boxes[box].width, height: boxes[box].height, spreadsInputs: true)
            case .group(let group): .init(width: groups[group].width, height: groups[group].height)
            case .entry: .init(width: LayeredLayout.laneWidth, height: 0, port: .entry)
            case .exit: .init(width: LayeredLayout.laneWidth, height: 0, port: .exit)
            }
        }
        let edges = interior.arcs.map { from, to, value -> LayeredLayout.Edge in
            var edge = LayeredLayout.Edge(from: from, to: to, value: value)
            if case .group(let group) = interior.elements[from] {
                edge.fromOffset = interiors[group].exits[value]! - groups[group].width / 2
            }
            if case .group(let group) = interior.elements[to] { edge.toOffset = interiors[group].entries[value]! - groups[group].width / 2 }
            return edge
        }
        guard let layout = LayeredLayout(nodes, edges) else { return nil }
        let (left, top) = index == 0 ? (0, 0) : (Self.padding, Self.groupHeader)
        for (number, element) in interior.elements.enumerated() {
            let (x, y) = (layout.x[number] + left, layout.top(of: number) + top)
            switch element {
            case .box(let box): (boxes[box].x, boxes[box].y) = (x - boxes[box].width / 2, y)
            case .group(let group): (groups[group].x, groups[group].y) = (x - groups[group].width / 2, y)
            case .entry(let value): interiors[index].entries[value] = x
            case .exit(let value): interiors[index].exits[value] = x
            }
        }
        groups[index].width = layout.width + 2 * left
        let hasExits = !interiors[index].exits.isEmpty
        // Out-ports have a row of their own, whose gap is the room above the border.
        groups[index].height = layout.height + top + (index == 0 ? 0 : hasExits ? 0 : Self.padding)
        if index > 0 { placeTitle(of: index, diagram.groups[index].title, besides: Array(interiors[index].entries.values)) }
        let routes = layout.routes()
        return interior.arcs.indices.map { number in
            var points = routes[number].map { Point(x: $0.x + left, y: $0.y + top) }
            var target: Int?
            if case .box(let box) = interior.elements[interior.arcs[number].to] { target = box }
            if case .entry = interior.elements[interior.arcs[number].from] { points[0].y = 0 }
            return Line(points: points, target: target, value: interior.arcs[number].value)
        }
    }

    /// Left of the lines that enter, or right of them; the group grows where neither has room.
    private mutating func placeTitle(of group: Int, _ title: String, besides entries: [Double]) {
        let room = TextMetrics.width(title, size: Self.groupSize)
        if let first = entries.min(), first - Self.padding < room + 6, let last = entries.max() { titles[group] = last + 8 }
        groups[group].width = max(groups[group].width, (titles[group] + room + Self.padding).rounded(.up))
    }
}
