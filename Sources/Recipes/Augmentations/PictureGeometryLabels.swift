extension PictureGeometry {
    /// Moves what is written on the pixels as the pixels move: each pixel of the result takes the label of the one that it comes from, none
    /// is interpolated. What comes in from outside is `outside`.
    func move(_ labels: [Int32], outside: Int32, into target: UnsafeMutablePointer<Int32>) {
        precondition(labels.count == height * width, "there are not \(height) x \(width) labels")
        let (map, frames) = whole()
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
                guard frames.allSatisfy({ $0.contains(x, y) }) else {
                    target[row * width + column] = outside
                    continue
                }
                let place = map(x, y)
                let (left, top) = (Int(min(max(place.x, 0), Double(width - 1))), Int(min(max(place.y, 0), Double(height - 1))))
                target[row * width + column] = labels[top * width + left]
            }
        }
    }
}
