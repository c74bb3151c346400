import Foundation
import Interchange

/// The gradient norms of a training as a picture: layers from the input at the top to the loss at the bottom, against the steps that were
/// watched, coloured by the logarithm.
struct GradientPicture {
    let title: String
    /// The layers that are trained, by name, and their places among those that are watched.
    private let names: [String]
    private let places: [Int]
    /// A step each, with the norm of each layer.
    private(set) var columns: [(step: Int, norms: [Double?])] = []

    /// More columns than that are joined by their geometric means.
    private static let mostColumns = 120

    /// - Parameter table: what `TrainingTables.rows` wrote so far; rows that are none of it are passed over.
    init(title: String, layers: [GradientWatch.Layer], table: Data) {
        self.title = title
        let trained = layers.enumerated().filter { $0.element.isTrained }
        (names, places) = (trained.map(\.element.name), trained.map(\.offset))
        let rows = Dictionary(names.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        let gradient = 4 + (WatchedQuantity.all.firstIndex { $0.name == WatchedQuantity.gradient.name } ?? 0)
        for line in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let parts = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            let fields = parts.map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 4 + WatchedQuantity.all.count, let step = Int(fields[0]), let row = rows[fields[2]] else { continue }
            if columns.last?.step != step { columns.append((step, [Double?](repeating: nil, count: names.count))) }
            columns[columns.count - 1].norms[row] = Double(fields[gradient])
        }
    }

    mutating func add(_ watched: WatchedStep) { columns.append((watched.step, places.map { watched.layers[$0].gradient })) }

    /// What a cell shows.
    enum Cell: Equatable {
        /// The logarithm to the base 10.
        case power(Double)
        /// No gradient at all.
        case zero
        case none
    }

    /// The cells of each layer, and the steps from which to which each column is.
    var cells: (steps: [ClosedRange<Int>], rows: [[Cell]]) {
        let width = max(1, (columns.count + Self.mostColumns - 1) / Self.mostColumns)
        let joined = stride(from: 0, to: columns.count, by: width).map { columns[$0..<min($0 + width, columns.count)] }
        let rows = names.indices.map { row in
            joined.map { part -> Cell in
                let norms = part.compactMap { $0.norms[row] }.filter(\.isFinite)
                let powers = norms.filter { $0 > 0 }.map(log10)
                if powers.isEmpty { return norms.isEmpty ? .none : .zero }
                return .power(powers.reduce(0, +) / Double(powers.count))
            }
        }
        return (joined.map { $0.first!.step...$0.last!.step }, rows)
    }

    /// The powers of ten that the colours go through: whole ones around all that there is, three apart at least.
    static func range(of rows: [[Cell]]) -> ClosedRange<Int> {
        let powers = rows.joined().compactMap { if case .power(let power) = $0 { power } else { nil } }
        guard let low = powers.min(), let high = powers.max() else { return -3...0 }
        let (lower, upper) = (Int(low.rounded(.down)), Int(high.rounded(.up)))
        let missing = max(0, 3 - (upper - lower))
        return lower - missing / 2...upper + (missing + 1) / 2
    }

    /// Nil before anything was watched, and where nothing is trained.
    var drawing: VectorPicture? {
        let (steps, rows) = cells
        guard !steps.isEmpty, !rows.isEmpty else { return nil }
        let range = Self.range(of: rows)
        let letter = VectorPicture.letterWidth
        let letters = min(28, names.map(\.count).max() ?? 1)
        let height = rows.count <= 48 ? 16.0 : max(4, (800 / Double(rows.count)).rounded(.down))
        let cell = max(6, min(36, (720 / Double(steps.count)).rounded(.down)))
        // Whole pixels, so that no seams show between cells.
        let (left, top) = ((24 + Double(letters) * letter + 8).rounded(.up), 64.0)
        let (width, tall) = (cell * Double(steps.count), height * Double(rows.count))
        let legend = left + width + 32
        let legendHeight = max(tall, 120)
        var picture = VectorPicture(width: Int(max(legend + 110, 480)), height: Int(top + legendHeight + 56))
        picture.text("\(title): gradient norm", .init(24, 22), isBold: true)
        picture.text("of each layer, from the input (top) to the loss (bottom), at the steps that were watched", .init(24, 40))
        let labelled = max(1, Int((14 / height).rounded(.up)))
        for (row, name) in names.enumerated() {
            let y = top + Double(row) * height
            if row % labelled == 0 {
                let text = name.count <= letters ? name : ".." + name.suffix(letters - 2)
                picture.text(text, .init(left - 6, y + height / 2 + 4), .end)
            }
            for (column, value) in rows[row].enumerated() {
                guard let color = Self.color(value, in: range) else { continue }
                picture.area(.init(left + Double(column) * cell, y), width: cell, height: height, color)
            }
        }
        picture.line(
            [
                .init(left, top), .init(left + width, top), .init(left + width, top + tall), .init(left, top + tall), .init(left, top),
            ], .grey)
        drawSteps(steps, cell: cell, left: left, bottom: top + tall, in: &picture)
        Self.drawLegend(range, hasZeros: rows.joined().contains(.zero), x: legend, top: top, height: legendHeight, in: &picture)
        return picture
    }

    private func drawSteps(
        _ steps: [ClosedRange<Int>], cell: Double, left: Double, bottom: Double, in picture: inout VectorPicture
    ) {
        var free = left - 100
        for (column, step) in steps.enumerated() {
            let x = left + (Double(column) + 0.5) * cell
            let text = "\(step.lowerBound)"
            let half = Double(text.count) * VectorPicture.letterWidth / 2
            guard x - half > free + 6 else { continue }
            picture.line([.init(x, bottom), .init(x, bottom + 4)], .grey)
            picture.text(text, .init(x, bottom + 18), .middle)
            free = x + half
        }
        picture.text("step", .init(left + cell * Double(steps.count) / 2, bottom + 36), .middle)
    }

    private static func drawLegend(
        _ range: ClosedRange<Int>, hasZeros: Bool, x: Double, top: Double, height: Double, in picture: inout VectorPicture
    ) {
        let parts = 64
        let foot = hasZeros ? 28.0 : 0
        let bar = height - foot
        for part in 0..<parts {
            let share = (Double(part) + 0.5) / Double(parts)
            picture.area(
                .init(x, top + bar * (1 - Double(part + 1) / Double(parts))), width: 18, height: bar / Double(parts) + 0.5, color(at: share)
            )
        }
        let powers = range.upperBound - range.lowerBound
        let apart = max(1, Int((Double(powers) * 18 / bar).rounded(.up)))
        for power in stride(from: range.lowerBound, through: range.upperBound, by: apart) {
            let y = top + bar * (1 - Double(power - range.lowerBound) / Double(powers))
            picture.line([.init(x + 18, y), .init(x + 23, y)], .grey)
            picture.text("1e\(power)", .init(x + 27, y + 4))
        }
        guard hasZeros else { return }
        picture.area(.init(x, top + height - 18), width: 18, height: 18, .black)
        picture.text("none", .init(x + 27, top + height - 5))
    }

    private static func color(_ cell: Cell, in range: ClosedRange<Int>) -> VectorPicture.Color? {
        switch cell {
        case .none: return nil
        case .zero: return .black
        case .power(let power):
            return color(at: (power - Double(range.lowerBound)) / Double(range.upperBound - range.lowerBound))
        }
    }

    /// From violet over blue and green to yellow, brighter all the way, so that it reads in grey, too.
    private static func color(at share: Double) -> VectorPicture.Color {
        let stops: [VectorPicture.Color] = [
            .init(0x3b, 0x0f, 0x5c), .init(0x3f, 0x4a, 0x8f), .init(0x24, 0x7f, 0x93), .init(0x35, 0xb0, 0x78), .init(0xf7, 0xe2, 0x3c),
        ]
        let place = min(max(share, 0), 1) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        return stops[index].mixed(with: stops[index + 1], place - Double(index))
    }
}
