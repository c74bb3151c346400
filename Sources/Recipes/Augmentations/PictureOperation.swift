/// What rand_augment chooses from: the functions of other rows, at a magnitude from -1 to 1.
struct PictureOperation: Sendable {
    let name: String
    /// Where there are no two sides, the sign means nothing.
    let change: @Sendable (Double, inout AugmentedPicture) -> Void

    init(_ name: String, _ change: @escaping @Sendable (Double, inout AugmentedPicture) -> Void) {
        (self.name, self.change) = (name, change)
    }

    static let all = [
        PictureOperation("none") { _, _ in },
        // The upper left corner stays where it is, as in the paper's implementation.
        PictureOperation("shear_x") { magnitude, picture in picture.move { $0.transform(AffineMap(xy: 0.3 * magnitude)) } },
        PictureOperation("shear_y") { magnitude, picture in picture.move { $0.transform(AffineMap(yx: 0.3 * magnitude)) } },
        PictureOperation("shift_x") { magnitude, picture in
            let pixels = Int(150.0 / 331 * Double(picture.width) * magnitude)
            picture.move { $0.shift(right: pixels, down: 0) }
        },
        PictureOperation("shift_y") { magnitude, picture in
            let pixels = Int(150.0 / 331 * Double(picture.height) * magnitude)
            picture.move { $0.shift(right: 0, down: pixels) }
        },
        PictureOperation("rotation") { magnitude, picture in picture.transform(degrees: -30 * magnitude) },
        PictureOperation("brightness") { magnitude, picture in picture.adjustBrightness(Float(1 + 0.9 * magnitude)) },
        PictureOperation("saturation") { magnitude, picture in picture.adjustSaturation(Float(1 + 0.9 * magnitude)) },
        PictureOperation("contrast") { magnitude, picture in picture.adjustContrast(Float(1 + 0.9 * magnitude)) },
        PictureOperation("sharpness") { magnitude, picture in picture.adjustSharpness(Float(1 + 0.9 * magnitude)) },
        PictureOperation("posterize") { magnitude, picture in
            picture.posterize(bits: 8 - Int((4 * abs(magnitude)).rounded(.toNearestOrEven)))
        },
        PictureOperation("solarize") { magnitude, picture in picture.solarize(threshold: Float(1 - abs(magnitude))) },
        PictureOperation("autocontrast") { _, picture in picture.stretchContrast() },
        PictureOperation("equalize") { _, picture in picture.equalize() },
    ]
}
