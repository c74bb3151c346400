/// How a picture file becomes the values of an input, as `prepare` declares it: turned, resized, cropped, normalized, in this order.
///
/// The arithmetic is that of torchvision's transforms on Pillow's pictures: `Resize`, `CenterCrop`, `ToTensor`, `Normalize`.
public struct PicturePreparation: Hashable, Sendable {
    /// How pixels are made of their neighbours. All but `nearest` widen their filter where they shrink a picture (antialiasing).
    public enum Interpolation: String, CaseIterable, Hashable, Sendable {
        case nearest
        /// A triangle: linear between two pixels.
        case bilinear
        /// Keys's cubic with a = -0.5.
        case bicubic
    }

    /// Rows and columns.
    public struct Extents: Hashable, Sendable {
        public var height: Int
        public var width: Int

        public init(height: Int, width: Int) {
            self.height = height
            self.width = width
        }
    }

    /// What a picture is resized to.
    public enum Size: Hashable, Sendable {
        /// The shorter side has so many pixels, the longer one as many as keep the proportions, cut off to a whole number.
        case shorterSide(Int)
        /// So many rows and columns, whatever the proportions.
        case exact(Extents)
    }

    /// The largest side that a picture is resized to.
    public static let largestSide = 16_384

    /// Nil: as `crop` says, or where that is nil too, so that the picture just covers the input.
    public var resize: Size?
    /// The middle that is cut out, the input's size; nil where `resize` decides what is left, which is cropped to the input's size too.
    /// With a crop and no `resize` pictures keep their size, and smaller ones get a black border.
    public var crop: Extents?
    public var interpolation: Interpolation
    /// Whether a picture is first turned as its EXIF orientation says. Off where nothing is said, as in torchvision and Keras, with which
    /// published weights were trained and measured.
    public var appliesOrientation: Bool
    /// What is done to values in 0...1 at last; nil where nothing is said.
    public var normalization: TrainingRecipe.Normalization?

    public init(
        resize: Size? = nil, crop: Extents? = nil, interpolation: Interpolation = .bilinear, appliesOrientation: Bool = false,
        normalization: TrainingRecipe.Normalization? = nil
    ) {
        self.resize = resize
        self.crop = crop
        self.interpolation = interpolation
        self.appliesOrientation = appliesOrientation
        self.normalization = normalization
    }
}
