import Graph

extension Augmentation {
    public static let rotation = Augmentation(
        "rotation", [.number("degrees", 0...360), probability(1)], stream: 33,
        "turned about its centre by up to so many degrees either way, black coming in", source: "`RandomRotation`",
        .picture { values in
            let degrees = values.number("degrees")
            return { random, picture in
                let turn = random.uniform(-degrees, degrees)
                picture.transform(degrees: turn)
            }
        })

    public static let affine = Augmentation(
        "affine",
        [
            .number("degrees", 0...360, default: 0),
            .number("translate", 0...1, default: 0, "how far it moves, as a share of its width and height"),
            .number("scale_from", 0.01...100, default: 1), .number("scale_to", 0.01...100, default: 1),
            .number("shear", 0...85, default: 0, "how far upright lines lean at most, in degrees"), probability(1),
        ], stream: 34,
        "turned by up to `degrees` either way, enlarged by `scale_from` to `scale_to` and sheared, about its centre, then moved, black coming in",
        source: "`RandomAffine`", problem: { range($0, "scale_from", "scale_to") },
        .picture { values in
            let (degrees, translate, shear) = (values.number("degrees"), values.number("translate"), values.number("shear"))
            let (least, greatest) = (values.number("scale_from"), values.number("scale_to"))
            return { random, picture in
                let turn = random.uniform(-degrees, degrees)
                let right = random.uniform(-translate, translate) * Double(picture.width)
                let down = random.uniform(-translate, translate) * Double(picture.height)
                let scale = random.uniform(least, greatest)
                picture.transform(degrees: turn, right: right, down: down, scale: scale, shear: random.uniform(-shear, shear))
            }
        })
}

extension AugmentedPicture {
    /// Shears, turns clockwise and enlarges it about its centre, and moves it by so many pixels.
    mutating func transform(degrees: Double = 0, right: Double = 0, down: Double = 0, scale: Double = 1, shear: Double = 0) {
        let source = AffineMap.source(
            degrees: degrees, right: right, down: down, scale: scale, shear: shear, width: width, height: height)
        move { $0.transform(source) }
    }
}
