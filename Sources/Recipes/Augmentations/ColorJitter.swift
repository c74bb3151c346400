import Graph

extension Augmentation {
    public static let colorJitter = Augmentation(
        "color_jitter",
        [
            .number("brightness", 0...10, default: 0), .number("contrast", 0...10, default: 0), .number("saturation", 0...10, default: 0),
            .number("hue", 0...0.5, default: 0, "the part of the circle of colours that they move by at most"), probability(1),
        ], stream: 35,
        "brightness, contrast (about the mean of its grey) and saturation (about its grey) times `1 - b` to `1 + b` for the `b` that each is "
            + "given, at least 0, and the colours moved around their circle, in random order; grey pictures have brightness and contrast only",
        source: "`ColorJitter`",
        colors: { values in
            let given = ["saturation", "hue"].filter { values.number($0) > 0 }
            return given.isEmpty ? nil : given.joined(separator: " and ")
        },
        .picture { values in
            let names = ["brightness", "contrast", "saturation"]
            let ranges = names.map { (low: max(0, 1 - values.number($0)), high: 1 + values.number($0), isGiven: values.number($0) > 0) }
            let hue = values.number("hue")
            return { random, picture in
                var order = [0, 1, 2, 3]
                random.shuffle(&order)
                for change in order {
                    if change == 3 {
                        if hue > 0 { picture.turnHue(Float(random.uniform(-hue, hue))) }
                        continue
                    }
                    guard ranges[change].isGiven else { continue }
                    let factor = Float(random.uniform(ranges[change].low, ranges[change].high))
                    switch change {
                    case 0: picture.adjustBrightness(factor)
                    case 1: picture.adjustContrast(factor)
                    default: picture.adjustSaturation(factor)
                    }
                }
            }
        })

    public static let grayscale = Augmentation(
        "grayscale", [probability(0.1)], stream: 36, "grey in all three channels: 0.299 red + 0.587 green + 0.114 blue",
        source: "`RandomGrayscale`; ITU-R BT.601", colors: { _ in "`grayscale`" },
        .picture { _ in { _, picture in picture.adjustSaturation(0) } })
}

extension AugmentedPicture {
    /// Values times a factor.
    mutating func adjustBrightness(_ factor: Float) {
        let values = planes()
        for index in values.indices { values[index] = Self.bounded(values[index] * factor) }
    }

    /// How far values lie from the mean of the grey picture, times a factor.
    mutating func adjustContrast(_ factor: Float) {
        let values = planes()
        var sum = 0.0
        if channels == 3 {
            for index in 0..<area { sum += Double(Self.grey(values[index], values[area + index], values[2 * area + index])) }
            sum /= Double(area)
        } else {
            for value in values { sum += Double(value) }
            sum /= Double(values.count)
        }
        let rest = (1 - factor) * Float(sum)
        for index in values.indices { values[index] = Self.bounded(factor * values[index] + rest) }
    }

    /// How far colours lie from their grey, times a factor; pictures without three channels have none.
    mutating func adjustSaturation(_ factor: Float) {
        guard channels == 3 else { return }
        let (red, green, blue) = (plane(0), plane(1), plane(2))
        for index in 0..<area {
            let grey = Self.grey(red[index], green[index], blue[index])
            let rest = (1 - factor) * grey
            red[index] = Self.bounded(factor * red[index] + rest)
            green[index] = Self.bounded(factor * green[index] + rest)
            blue[index] = Self.bounded(factor * blue[index] + rest)
        }
    }

    /// Moves colours around their circle, by a part of it; pictures without three channels have none.
    mutating func turnHue(_ part: Float) {
        guard channels == 3 else { return }
        let (red, green, blue) = (plane(0), plane(1), plane(2))
        for index in 0..<area {
            let (r, g, b) = (Self.bounded(red[index]), Self.bounded(green[index]), Self.bounded(blue[index]))
            let (high, low) = (max(r, g, b), min(r, g, b))
            let spread = high - low
            if spread == 0 { continue }
            // Sixths of the circle from red on, as `colorsys` has it.
            let (fromRed, fromGreen, fromBlue) = ((high - r) / spread, (high - g) / spread, (high - b) / spread)
            let sixths = r == high ? fromBlue - fromGreen : g == high ? 2 + fromRed - fromBlue : 4 + fromGreen - fromRed
            var hue = sixths / 6 + part
            hue = (hue - hue.rounded(.down)) * 6
            let sector = hue.rounded(.down)
            let (saturation, inSector) = (spread / high, hue - sector)
            let (p, q, t) = (
                high * (1 - saturation), high * (1 - saturation * inSector), high * (1 - saturation * (1 - inSector))
            )
            switch Int(sector) % 6 {
            case 0: (red[index], green[index], blue[index]) = (high, t, p)
            case 1: (red[index], green[index], blue[index]) = (q, high, p)
            case 2: (red[index], green[index], blue[index]) = (p, high, t)
            case 3: (red[index], green[index], blue[index]) = (p, q, high)
            case 4: (red[index], green[index], blue[index]) = (t, p, high)
            default: (red[index], green[index], blue[index]) = (high, p, q)
            }
        }
    }

    @inline(__always) static func grey(_ red: Float, _ green: Float, _ blue: Float) -> Float { 0.299 * red + 0.587 * green + 0.114 * blue }

    /// A value within 0...1; no number is 0.
    @inline(__always) static func bounded(_ value: Float) -> Float { min(1, max(0, value)) }
}
