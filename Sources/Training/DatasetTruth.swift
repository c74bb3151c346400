/// What is known of pictures besides one class each.
public enum DatasetTruth: Equatable, Sendable {
    /// As many numbers a picture as there are columns, picture after picture: measurements, or 1 for each class that a picture belongs to
    /// and 0 for the others.
    case numbers([Float], columns: [String])
    /// The class of each pixel, from 0 on, picture after picture and row after row.
    case labelMaps([UInt8], height: Int, width: Int)

    /// Of how many pictures it tells.
    var count: Int {
        switch self {
        case .numbers(let values, let columns): values.count / columns.count
        case .labelMaps(let values, let height, let width): values.count / (height * width)
        }
    }

    /// What it is, as messages call it.
    var plural: String {
        switch self {
        case .numbers: "numbers"
        case .labelMaps: "classes of pixels"
        }
    }

    /// Of the pictures at these places.
    func selecting(_ places: [Int]) -> DatasetTruth {
        switch self {
        case .numbers(let values, let columns): .numbers(Self.pieces(of: values, columns.count, places), columns: columns)
        case .labelMaps(let values, let height, let width):
            .labelMaps(Self.pieces(of: values, height * width, places), height: height, width: width)
        }
    }

    private static func pieces<Element>(of values: [Element], _ size: Int, _ places: [Int]) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(places.count * size)
        for place in places { result += values[place * size..<(place + 1) * size] }
        return result
    }
}

/// What a training wants to know of pictures, by the type of its target.
public enum DatasetWish: Equatable, Sendable {
    /// The class of each: `i32[N]`.
    case classes
    /// So many numbers each, or 1 for the classes that a picture belongs to: `f32[N, count]`.
    case numbers(Int)
    /// The class of each pixel: `i32[N, H, W]`.
    case labelMaps
    /// Nothing but the pictures themselves: `f32[N, C, H, W]`.
    case pictures
}

extension Dataset {
    /// Whether the label of each picture is its class, and does not stand there for want of one: nothing else is known of it, or it is known
    /// as well, or that it belongs to this class alone.
    var tellsClasses: Bool {
        switch truth {
        case nil: true
        case _ where labelsAreClasses: true
        case .labelMaps: false
        case .numbers(let values, let columns):
            labels.indices.allSatisfy { place in
                columns.indices.allSatisfy { values[place * columns.count + $0] == (Int(labels[place]) == $0 ? 1 : 0) }
            }
        }
    }
}
