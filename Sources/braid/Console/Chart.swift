/// Curves and bars of characters.
enum Chart {
    private static let eighths = Array(" ▁▂▃▄▅▆▇█")
    private static let parts = Array(" ▏▎▍▌▋▊▉█")

    /// A bar of `share` (0 to 1) of `width` columns.
    static func bar(_ share: Double, width: Int) -> String {
        let units = Int((min(max(share.isFinite ? share : 0, 0), 1) * Double(width * 8)).rounded())
        let last = units % 8 > 0 ? String(parts[units % 8]) : ""
        return String(repeating: "█", count: units / 8) + last
    }

    /// A filled curve of `height` rows and at most `width` columns, with the highest and lowest value at its left.
    static func curve(_ values: [Double], width: Int, height: Int, label: (Double) -> String) -> [String] {
        let values = resample(values.filter(\.isFinite), to: width)
        guard let low = values.min(), let high = values.max() else { return [] }
        // Halves, for the range may be larger than any number.
        let range = high > low ? high / 2 - low / 2 : 1
        let levels = values.map { Int(((($0 / 2 - low / 2) / range) * Double(height * 8 - 1)).rounded()) + 1 }
        let names = [label(high), label(low)]
        let margin = names.map(\.count).max() ?? 0
        return (0..<height).map { row in
            let name = row == 0 ? names[0] : row == height - 1 ? names[1] : ""
            let base = (height - 1 - row) * 8
            let cells = levels.map { eighths[min(8, max(0, $0 - base))] }
            return String(repeating: " ", count: margin - name.count) + name + " ┤" + String(cells)
        }
    }

    /// Bars from zero of `height` rows and at most `width` columns, with the highest value and zero at their left. Where there are more values than
    /// columns, each shows the highest of a stretch.
    static func bars(_ values: [Double], width: Int, height: Int, label: (Double) -> String) -> [String] {
        let values = values.filter { $0.isFinite && $0 >= 0 }
        guard let high = values.max(), width > 0, height > 0 else { return [] }
        let columns = min(width, values.count)
        let levels = (0..<columns).map { column in
            let stretch = values[column * values.count / columns..<(column + 1) * values.count / columns]
            return high > 0 ? Int((stretch.max()! / high * Double(height * 8)).rounded()) : 0
        }
        let names = [label(high), label(0)]
        let margin = names.map(\.count).max() ?? 0
        return (0..<height).map { row in
            let name = row == 0 ? names[0] : row == height - 1 ? names[1] : ""
            let base = (height - 1 - row) * 8
            let cells = levels.map { eighths[min(8, max(0, $0 - base))] }
            return String(repeating: " ", count: margin - name.count) + name + " ┤" + String(cells)
        }
    }

    /// Means of stretches, where there are more values than columns.
    private static func resample(_ values: [Double], to width: Int) -> [Double] {
        if values.count <= width { return values }
        return (0..<width).map { column in
            let stretch = values[column * values.count / width..<(column + 1) * values.count / width]
            return stretch.reduce(0) { $0 + $1 / Double(stretch.count) }
        }
    }
}
