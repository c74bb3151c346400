import Graph

/// Where the values of an input lie in a picture: it is scaled to a size, of which a rectangle is taken.
struct ImageFit: Equatable {
    /// Rows and columns of the whole picture when it is scaled; they may be far more than one would keep in memory.
    var scaledHeight: Int
    var scaledWidth: Int
    /// The upper left corner of the rectangle in the scaled picture; negative where the picture is smaller and a border is added.
    var top: Int
    var left: Int

    /// Fits a picture of `height` x `width` into an input, as torchvision does it.
    init(height: Int, width: Int, into target: PicturePreparation.Extents, _ preparation: PicturePreparation) {
        switch preparation.resize {
        case .exact(let size): (scaledHeight, scaledWidth) = (size.height, size.width)
        case .shorterSide(let side):
            // The longer side is cut off, not rounded.
            (scaledHeight, scaledWidth) = width <= height ? (side * height / width, side) : (side, side * width / height)
        case nil where preparation.crop != nil: (scaledHeight, scaledWidth) = (height, width)
        case nil:
            // Comparing products avoids rounding the two ratios.
            let fillsWidth = width * target.height <= height * target.width
            (scaledHeight, scaledWidth) =
                fillsWidth ? (height * target.width / width, target.width) : (target.height, width * target.height / height)
        }
        top = Self.start(of: target.height, in: scaledHeight)
        left = Self.start(of: target.width, in: scaledWidth)
    }

    /// Where the middle begins: halves go to even numbers as in torchvision's `CenterCrop`, and a border's odd pixel to its end.
    private static func start(of window: Int, in extent: Int) -> Int {
        let free = extent - window
        if free < 0 { return -(-free / 2) }
        return free / 2 + (free % 4 == 3 ? 1 : 0)
    }
}

extension Image {
    /// Reads a picture file as an input of `channels` x `height` x `width` takes it, but for the normalization; of 1 or 3 channels.
    ///
    /// Throws where the file cannot be read or decoded.
    public init(
        path: String, _ preparation: PicturePreparation, channels: Int, height: Int, width: Int
    ) throws(InterchangeError) {
        let image = try Image(path: path, isTurned: preparation.appliesOrientation)
        self = image.prepared(preparation, channels: channels, height: height, width: width)
    }

    /// The picture as an input of `channels` x `height` x `width` takes it, but for the normalization; of 1 or 3 channels.
    ///
    /// Where nothing is declared it is resized so that it just covers the input, bilinearly, and cropped to the middle.
    public func prepared(_ preparation: PicturePreparation = PicturePreparation(), channels: Int, height: Int, width: Int) -> Image {
        let fit = ImageFit(height: self.height, width: self.width, into: .init(height: height, width: width), preparation)
        let rows = max(0, fit.top)..<min(fit.top + height, fit.scaledHeight)
        let columns = max(0, fit.left)..<min(fit.left + width, fit.scaledWidth)
        let middle = converted(channels: channels).resized(
            width: fit.scaledWidth, height: fit.scaledHeight, columns: columns, rows: rows, preparation.interpolation)
        if middle.width == width, middle.height == height { return middle }
        var framed = Image(width: width, height: height, channels: channels)
        framed.paste(middle, x: max(0, -fit.left), y: max(0, -fit.top))
        return framed
    }
}
