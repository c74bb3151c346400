extension Plot {
    static let colors: [VectorPicture.Color] = [
        .init(0x1f, 0x77, 0xb4), .init(0xd6, 0x27, 0x28), .init(0x2c, 0xa0, 0x2c), .init(0xff, 0x7f, 0x0e), .init(0x94, 0x67, 0xbd),
        .init(0x8c, 0x56, 0x4b), .init(0xe3, 0x77, 0xc2), .init(0x17, 0xbe, 0xcf),
    ]

    private static let (left, right, top, panelHeight, below) = (64.0, 24.0, 40.0, 180.0, 54.0)

    /// Draws the panels, one below the other.
    public func picture(width: Int = 720) -> VectorPicture {
        let height = Self.top + Double(panels.count) * (Self.panelHeight + Self.below)
        var picture = VectorPicture(width: width, height: Int(height))
        picture.text(title, .init(Self.left, 22), isBold: true)
        for (index, panel) in panels.enumerated() {
            let y = Self.top + 16 + Double(index) * (Self.panelHeight + Self.below)
            PanelPainter(
                panel, x: Self.left, y: y, width: Double(width) - Self.left - Self.right, height: Self.panelHeight
            ).paint(on: &picture)
        }
        return picture
    }
}

/// Draws one panel into its rectangle.
private struct PanelPainter {
    private let panel: Plot.Panel
    private let (left, top, width, height): (Double, Double, Double, Double)
    private let (x, y): (PlotAxis, PlotAxis)

    init(_ panel: Plot.Panel, x left: Double, y top: Double, width: Double, height: Double) {
        self.panel = panel
        (self.left, self.top, self.width, self.height) = (left, top, width, height)
        let points = panel.series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
        let widths = panel.series.flatMap { series -> [Double] in
            guard case .bars(let width) = series.style else { return [] }
            return series.points.flatMap { [$0.x - width / 2, $0.x + width / 2] }
        }
        let hasBars = !widths.isEmpty
        x = PlotAxis(panel.x, values: points.map(\.x) + widths, margin: 0)
        y = PlotAxis(panel.y, values: points.map(\.y) + (hasBars ? [0] : []), margin: hasBars ? 0 : 0.03)
    }

    private func place(_ point: (x: Double, y: Double)) -> VectorPicture.Point? {
        guard let right = x.part(point.x), let up = y.part(point.y) else { return nil }
        return .init(left + right * width, top + (1 - up) * height)
    }

    func paint(on picture: inout VectorPicture) {
        for (value, name) in y.ticks(5) {
            guard let up = y.part(value) else { continue }
            let row = top + (1 - up) * height
            picture.line([.init(left, row), .init(left + width, row)], .pale)
            picture.text(name, .init(left - 6, row + 4), .end)
        }
        for (value, name) in x.ticks(8) {
            guard let right = x.part(value) else { continue }
            let column = left + right * width
            picture.line([.init(column, top + height), .init(column, top + height + 4)], .grey)
            picture.text(name, .init(column, top + height + 16), .middle)
        }
        for (index, series) in panel.series.enumerated() { paint(series, color(of: index), on: &picture) }
        for (index, mark) in panel.marks.enumerated() { paint(mark, index, on: &picture) }
        picture.line([.init(left, top), .init(left, top + height), .init(left + width, top + height)], .grey)
        picture.text(panel.title, .init(left, top - 6), isBold: true)
        if !panel.x.name.isEmpty { picture.text(panel.x.name, .init(left + width, top + height + 30), .end) }
        paintLegend(on: &picture)
    }

    private func color(of index: Int) -> VectorPicture.Color {
        Plot.colors[(panel.series[index].color ?? index) % Plot.colors.count]
    }

    private func paint(_ series: Plot.Series, _ color: VectorPicture.Color, on picture: inout VectorPicture) {
        switch series.style {
        case .line, .dashes:
            // A line is broken where a value has no place.
            var stretch: [VectorPicture.Point] = []
            func end(_ picture: inout VectorPicture) {
                if stretch.count == 1 { picture.dot(stretch[0], radius: 2, color) }
                picture.line(stretch, color, width: series.style == .line ? 1.5 : 1, dash: series.style == .line ? nil : 4)
                stretch = []
            }
            for point in series.points {
                if let place = place(point) { stretch.append(place) } else { end(&picture) }
            }
            end(&picture)
        case .dots:
            for place in series.points.compactMap(place) { picture.dot(place, color) }
        case .bars(let width):
            for point in series.points {
                guard let corner = place((point.x - width / 2, point.y)), let other = place((point.x + width / 2, 0)) else { continue }
                picture.area(
                    .init(corner.x + 0.5, min(corner.y, other.y)), width: max(0, other.x - corner.x - 1), height: abs(other.y - corner.y),
                    color)
            }
        }
    }

    /// A line across with its name; marks that follow each other are named below each other.
    private func paint(_ mark: Plot.Mark, _ index: Int, on picture: inout VectorPicture) {
        guard let right = x.part(mark.x) else { return }
        let column = left + right * width
        picture.line([.init(column, top), .init(column, top + height)], .grey, dash: 3)
        let isRight = right > 0.7
        picture.text(mark.name, .init(column + (isRight ? -4 : 4), top + 12 + Double(index % 8) * 14), isRight ? .end : .start)
    }

    /// The names of the series, from the right end of the title's line.
    private func paintLegend(on picture: inout VectorPicture) {
        var end = left + width
        for (index, series) in panel.series.enumerated().reversed() where !series.name.isEmpty {
            let name = series.name.count <= 40 ? series.name : String(series.name.prefix(38)) + ".."
            let start = end - Double(name.count) * VectorPicture.letterWidth
            // Those that find no room beside the title are left to the curves.
            if start - 20 < left + Double(panel.title.count + 2) * VectorPicture.letterWidth { break }
            picture.text(name, .init(end, top - 6), .end)
            let middle = VectorPicture.Point(start - 10, top - 10)
            switch series.style {
            case .line, .dashes:
                picture.line(
                    [.init(middle.x - 8, middle.y), .init(middle.x + 6, middle.y)], color(of: index), width: 2,
                    dash: series.style == .line ? nil : 4)
            case .dots: picture.dot(middle, color(of: index))
            case .bars: picture.area(.init(middle.x - 4, middle.y - 4), width: 8, height: 8, color(of: index))
            }
            end = start - 28
        }
    }
}
