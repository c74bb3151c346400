import Graph

/// What a target of a training is fed with: its type tells.
public enum TrainingTarget: Equatable, Sendable {
    /// `i32[N]`: the class of each picture.
    case label
    /// `f32[N, count]`, or `f32[N]` for one: numbers, or for each class the part that a picture has of it.
    case numbers(Int)
    /// `i32[N, H, W]`: the class of each pixel.
    case labelMap(height: Int, width: Int)
    /// `f32[N, classes, H, W]`: for each class and pixel 1 where the pixel is of the class, 0 elsewhere, or its part of mixed pictures.
    case classMaps(count: Int, height: Int, width: Int)
    /// `f32[N, C, H, W]`: the picture itself.
    case picture(ImageExtents)

    /// - Parameters:
    ///   - name: the target's, for the error.
    ///   - extents: of one batch.
    ///   - channels: of the pictures: what has as many is the picture itself, and what has others tells of classes, unless …
    ///   - isOfClasses: … the loss says that it compares classes.
    /// Throws where nothing is known that has such a type.
    public init(
        _ name: String, _ element: StoredElement, _ extents: [Int], channels: Int, isOfClasses: Bool = false
    ) throws(TrainingError) {
        switch (element, extents.count) {
        case (.i32, 1): self = .label
        case (.i32, 3): self = .labelMap(height: extents[1], width: extents[2])
        case (.f32, 1): self = .numbers(1)
        case (.f32, 2): self = .numbers(extents[1])
        case (.f32, 4) where extents[1] > 1 && (isOfClasses || extents[1] != channels):
            self = .classMaps(count: extents[1], height: extents[2], width: extents[3])
        case (.f32, 4): self = .picture(ImageExtents(channels: extents[1], height: extents[2], width: extents[3]))
        default:
            let shape = ["N"] + extents.dropFirst().map(String.init)
            throw TrainingError(
                "nothing is known to feed the target '\(name): \(element.rawValue)[\(shape.joined(separator: ", "))]' with",
                repair: "declare it as i32[N] (a class a picture), f32[N, count] (numbers, or parts of classes), i32[N, H, W] (a class a "
                    + "pixel), f32[N, classes, H, W] (1 for each pixel's class) or f32[N, C, H, W] (the picture itself)")
        }
    }

    /// What data have to tell for it.
    public var wish: DatasetWish {
        switch self {
        case .label: .classes
        case .numbers(let count): .numbers(count)
        case .labelMap, .classMaps: .labelMaps
        case .picture: .pictures
        }
    }

    /// Whether one batch can feed it and another target: they are fed with different things, or with as much of the same.
    func agrees(with other: TrainingTarget) -> Bool {
        switch (self, other) {
        case (.numbers, .numbers), (.picture, .picture), (.labelMap, .labelMap), (.classMaps, .classMaps): self == other
        case (.labelMap(let height, let width), .classMaps(_, let otherHeight, let otherWidth)),
            (.classMaps(_, let otherHeight, let otherWidth), .labelMap(let height, let width)):
            (height, width) == (otherHeight, otherWidth)
        default: true
        }
    }

    /// What it is fed with, as messages call it.
    var plural: String {
        switch self {
        case .label: "classes"
        case .numbers: "numbers"
        case .labelMap, .classMaps: "classes of pixels"
        case .picture: "pictures"
        }
    }

    /// The pixels of a picture whose classes it tells; 0 where it tells none.
    var mapCount: Int {
        switch self {
        case .labelMap(let height, let width), .classMaps(_, let height, let width): height * width
        case .label, .numbers, .picture: 0
        }
    }
}
