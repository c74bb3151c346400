import Graph

extension Augmentation {
    public static let flip = Augmentation(
        "flip", [probability(0.5)], stream: 5, "mirrored left to right", source: "`RandomHorizontalFlip`",
        .picture { _ in { _, picture in picture.move { $0.mirror() } } })

    public static let verticalFlip = Augmentation(
        "vertical_flip", [probability(0.5)], stream: 32, "mirrored top to bottom", source: "`RandomVerticalFlip`",
        .picture { _ in { _, picture in picture.move { $0.mirrorVertically() } } })
}
