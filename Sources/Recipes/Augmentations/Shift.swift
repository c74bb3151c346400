import Graph

extension Augmentation {
    public static let shift = Augmentation(
        "shift", [.integer("pixels", 0...4096)], stream: 4,
        "moved by up to so many pixels in each direction, black coming in: as cut out at random of the picture padded by so many pixels",
        source: "`RandomCrop` with `padding`",
        .picture { values in
            let pixels = values.integer("pixels")
            let choices = 2 * pixels + 1
            return { random, picture in
                let right = random.below(choices) - pixels
                let down = random.below(choices) - pixels
                picture.move { $0.shift(right: right, down: down) }
            }
        })
}
