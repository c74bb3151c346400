import Foundation
import Testing

@testable import Analysis

/// Boxes and blocks do not overlap, what is in a block is drawn in it, lines run from border to border, past every box, and each edge is drawn.
func expectSound(_ diagram: Diagram, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let layout = try DiagramLayout(diagram)
    var problems: [String] = []
    func name(_ box: Int) -> String { "\(diagram.boxes[box].strips[0].text) (\(box))" }

    // Everything of a group lies in it, and its children lie apart.
    for (index, group) in diagram.groups.enumerated() {
        let frames = group.children.map { child -> Frame in
            switch child {
            case .box(let box): layout.boxes[box]
            case .group(let inner): layout.groups[inner]
            }
        }
        for (number, frame) in frames.enumerated() {
            if !layout.groups[index].contains(frame) { problems.append("child \(number) of group \(index) is not in it") }
            if frames[..<number].contains(where: frame.overlaps) { problems.append("children of group \(index) overlap") }
        }
        if index > 0, TextMetrics.width(group.title, size: DiagramLayout.groupSize) + layout.titles[index] > layout.groups[index].width {
            problems.append("the title of group \(index) is cut off")
        }
    }
    for (box, frame) in zip(diagram.boxes, layout.boxes) {
        for (number, strip) in box.strips.enumerated() {
            let size = number == 0 ? DiagramLayout.titleSize : DiagramLayout.stripSize
            if TextMetrics.width(strip.text, size: size, isBold: number == 0) > frame.width {
                problems.append("'\(strip.text)' is cut off")
            }
        }
    }

    // Lines.
    var ends: [Int: Set<Point>] = [:]
    for line in layout.lines where line.target == nil { ends[line.value, default: []].insert(line.points.last!.rounded) }
    var continued: [Int: Set<Point>] = [:]
    var drawn: Set<Diagram.Edge> = []
    for line in layout.lines {
        let (start, end) = (line.points[0], line.points.last!)
        let source = layout.boxes[line.value]
        let startsAtBox = abs(start.y - source.bottom) < 0.01 && start.x > source.x && start.x < source.right
        if !startsAtBox {
            if ends[line.value]?.contains(start.rounded) != true { problems.append("a line of \(name(line.value)) begins in the air") }
            continued[line.value, default: []].insert(start.rounded)
        }
        if let target = line.target {
            let frame = layout.boxes[target]
            if abs(end.y - frame.y) > 0.01 || end.x < frame.x || end.x > frame.right { problems.append("a line misses \(name(target))") }
            drawn.insert(Diagram.Edge(from: line.value, to: target))
        }
        for point in samples(of: line) {
            for (index, frame) in layout.boxes.enumerated() where frame.holds(point) {
                problems.append("a line of \(name(line.value)) runs through \(name(index))")
            }
        }
        if zip(line.points, line.points.dropFirst()).contains(where: { $0.y > $1.y + 0.01 }) { problems.append("a line runs upwards") }
    }
    for (value, points) in ends where !points.isSubset(of: continued[value] ?? []) {
        problems.append("a line of \(name(value)) ends in the air")
    }
    if drawn != Set(diagram.edges) {
        problems.append("\(Set(diagram.edges).symmetricDifference(drawn).count) edges are not drawn as they are")
    }
    #expect(problems.isEmpty, "\(problems.prefix(5))", sourceLocation: sourceLocation)
}

/// Points along a line as it is drawn: straight, then curved from column to column.
private func samples(of line: DiagramLayout.Line) -> [Point] {
    var result = line.points
    for index in stride(from: 2, to: line.points.count - 1, by: 2) {
        let (start, end) = (line.points[index - 1], line.points[index])
        for step in 1..<8 {
            let t = Double(step) / 8
            // A cubic with upright ends: x eases from one to the other.
            let ease = t * t * (3 - 2 * t)
            let y = start.y + (end.y - start.y) * (1.5 * t * (1 - t) * (1 - t) + 1.5 * t * t * (1 - t) + t * t * t)
            result.append(Point(x: start.x + (end.x - start.x) * ease, y: y))
        }
    }
    for (start, end) in zip(line.points, line.points.dropFirst()) where start.x == end.x {
        result.append(Point(x: start.x, y: (start.y + end.y) / 2))
    }
    return result
}

extension Point {
    fileprivate var rounded: Point { Point(x: (x * 10).rounded(), y: (y * 10).rounded()) }
}

extension Frame {
    fileprivate func contains(_ other: Frame) -> Bool {
        other.x >= x - 0.01 && other.y >= y - 0.01 && other.right <= right + 0.01 && other.bottom <= bottom + 0.01
    }

    fileprivate func overlaps(_ other: Frame) -> Bool {
        x < other.right - 0.01 && other.x < right - 0.01 && y < other.bottom - 0.01 && other.y < bottom - 0.01
    }

    /// Whether the point lies inside, not on the border.
    fileprivate func holds(_ point: Point) -> Bool {
        point.x > x + 0.5 && point.x < right - 0.5 && point.y > y + 0.5 && point.y < bottom - 0.5
    }
}
