import Interchange

extension HostTensor {
    /// A matrix with rows and columns exchanged.
    func transposed() -> HostTensor { permuted([1, 0]) }

    /// The axes in another order: axis i of the result is axis `order[i]` of the tensor.
    func permuted(_ order: [Int]) -> HostTensor {
        let moved: [UInt8] =
            switch element.size {
            case 1: moved(order, as: UInt8.self)
            case 2: moved(order, as: UInt16.self)
            case 4: moved(order, as: UInt32.self)
            default: moved(order, as: UInt64.self)
            }
        return HostTensor(name: name, element: element, shape: order.map { shape[$0] }, bytes: moved)
    }

    /// The elements, which are as wide as `Element`, in the order of other axes.
    private func moved<Element: FixedWidthInteger>(_ order: [Int], as type: Element.Type) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
            bytes.withUnsafeBytes { bytes in
                let (from, to) = (bytes.bindMemory(to: type), UnsafeMutableRawBufferPointer(target).bindMemory(to: type))
                if order == [1, 0] { exchange(from, to) } else { move(order, from, to) }
            }
            count = bytes.count
        }
    }

    private func exchange<Element>(_ from: UnsafeBufferPointer<Element>, _ to: UnsafeMutableBufferPointer<Element>) {
        let (rows, columns) = (shape[0], shape[1])
        // In squares, so that neither side walks through memory in large steps.
        let side = 32
        for top in stride(from: 0, to: rows, by: side) {
            for left in stride(from: 0, to: columns, by: side) {
                for row in top..<min(top + side, rows) {
                    for column in left..<min(left + side, columns) { to[column * rows + row] = from[row * columns + column] }
                }
            }
        }
    }

    private func move<Element>(_ order: [Int], _ from: UnsafeBufferPointer<Element>, _ to: UnsafeMutableBufferPointer<Element>) {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        // How far apart neighbours along each axis of the result lie in the tensor.
        let (extents, steps) = (order.map { shape[$0] }, order.map { strides[$0] })
        var position = [Int](repeating: 0, count: extents.count)
        var place = 0
        for index in to.indices {
            to[index] = from[place]
            var axis = extents.count - 1
            while axis >= 0 {
                position[axis] += 1
                place += steps[axis]
                if position[axis] < extents[axis] { break }
                place -= steps[axis] * extents[axis]
                position[axis] = 0
                axis -= 1
            }
        }
    }
}
