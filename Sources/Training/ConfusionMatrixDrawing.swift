import Interchange

extension ConfusionMatrix {
    /// The matrix as a drawing with the names of the classes: a cell is the stronger, the larger its share of the row's pictures, the diagonal
    /// green and mistakes red; up to 20 classes have the counts in the cells.
    ///
    /// Cells without pictures are left white, so that a drawing of many classes stays small.
    public func drawing(title: String) -> VectorPicture {
        let size = classNames.count
        let hasCounts = size <= 20
        let most = counts.max() ?? 0
        let letters = min(12, max(classNames.map(\.count).max() ?? 1, 1))
        let letter = VectorPicture.letterWidth
        let cell =
            hasCounts
            ? max(28, Double(max("\(most)".count, min(letters, 8))) * letter + 8)
            : max(2, min(16, (1200 / Double(max(1, size))).rounded(.down)))
        let hasNames = cell >= 12
        let left = 24 + (hasNames ? Double(letters) * letter + 8 : 0), top = 72.0
        let side = cell * Double(size)
        var picture = VectorPicture(width: Int(max(left + side + 24, 360)), height: Int(top + side + 24))
        picture.text(title, .init(24, 22), isBold: true)
        picture.text("rows: the true class; columns: what it was taken for", .init(24, 40))
        func name(_ index: Int, _ width: Int) -> String {
            let name = classNames[index]
            return name.count <= width ? name : String(name.prefix(max(1, width - 2))) + ".."
        }
        for row in 0..<size {
            let y = top + Double(row) * cell
            if hasNames { picture.text(name(row, letters), .init(left - 6, y + cell / 2 + 4), .end) }
            if hasCounts {
                picture.text(name(row, max(1, Int(cell / letter))), .init(left + (Double(row) + 0.5) * cell, top - 6), .middle)
            }
            let sum = (0..<size).reduce(0) { $0 + self[row, $1] }
            for column in 0..<size where self[row, column] > 0 {
                // The square root makes rare mistakes visible.
                let share = (Double(self[row, column]) / Double(sum)).squareRoot()
                let strong = row == column ? VectorPicture.Color(0x1a, 0x7f, 0x37) : VectorPicture.Color(0xc6, 0x22, 0x22)
                let x = left + Double(column) * cell
                picture.area(.init(x, y), width: cell, height: cell, VectorPicture.Color.white.mixed(with: strong, share))
                if hasCounts {
                    picture.text(
                        "\(self[row, column])", .init(x + cell / 2, y + cell / 2 + 4), .middle, share > 0.6 ? .white : .black)
                }
            }
        }
        let lines = hasCounts ? Array(0...size) : [0, size]
        for index in lines {
            let offset = Double(index) * cell
            picture.line([.init(left, top + offset), .init(left + side, top + offset)], .pale)
            picture.line([.init(left + offset, top), .init(left + offset, top + side)], .pale)
        }
        return picture
    }
}
