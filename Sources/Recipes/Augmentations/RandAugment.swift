import Graph

extension Augmentation {
    public static let randAugment = Augmentation(
        "rand_augment",
        [
            .integer("operations", 1...20, default: 2, "how many are drawn and done, one after the other"),
            .integer("magnitude", 0...30, default: 9, "how strong they are"), probability(1),
        ], stream: 46,
        "changes drawn from these, with `s` the magnitude out of 30 and a random sign where there are two sides: none, shear by `0.3 s` of the width or "
            + "of the height, shift by `0.45 s` of either, rotation by `30 s` degrees, brightness, saturation, contrast and sharpness times "
            + "`1 + 0.9 s`, posterize to `8 - 4 s` bits, solarize from `1 - s`, autocontrast, equalize",
        source: "Cubuk et al., arXiv 1909.13719; `RandAugment`",
        .picture { values in
            let (operations, magnitude) = (values.integer("operations"), values.integer("magnitude"))
            return { random, picture in
                for _ in 0..<operations {
                    let operation = PictureOperation.all[random.below(PictureOperation.all.count)]
                    let isNegative = random.below(2) == 1
                    operation.change(Double(magnitude) / 30 * (isNegative ? -1 : 1), &picture)
                }
            }
        })
}
