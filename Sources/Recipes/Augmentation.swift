import Graph

/// A random change of every image of every epoch; one row each.
public struct Augmentation: Form {
    public static let kind = "augmentation"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
}

extension Augmentation {
    public static let all = [shift, flip, crop]

    public static let shift = Augmentation(
        name: "shift", parameters: [.integer("pixels", 0...4096)],
        summary: "moved by up to so many pixels in each direction, black coming in",
        source: "")
    public static let flip = Augmentation(name: "flip", parameters: [], summary: "mirrored left to right, every second time", source: "")
    public static let crop = Augmentation(
        name: "crop", parameters: [.number("scale", 1e-3...1, default: 0.08)],
        summary: "a rectangle of `scale` to all of the image's area and of aspect 3:4 to 4:3, cut out and enlarged to the image's size",
        source: "Szegedy et al., arXiv 1409.4842")
}
