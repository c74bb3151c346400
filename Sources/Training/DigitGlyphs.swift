/// The shapes of the synthetic digits: a digit has one or more styles, a style has strokes, a stroke is drawn through points.
///
/// Points lie in the unit square, x to the right and y downward.
struct DigitStroke {
    var isSmooth: Bool
    var points: [SIMD2<Float>]

    /// Corners joined by straight lines.
    static func straight(_ points: SIMD2<Float>...) -> DigitStroke { DigitStroke(isSmooth: false, points: points) }

    /// A curve through the points (a Catmull-Rom spline), closed where the last point is the first.
    static func smooth(_ points: SIMD2<Float>...) -> DigitStroke { DigitStroke(isSmooth: true, points: points) }
}

enum DigitGlyphs {
    /// The styles of the digits 0 to 9.
    static let styles: [[[DigitStroke]]] = [zero, one, two, three, four, five, six, seven, eight, nine]

    private static let zero: [[DigitStroke]] = [
        [.smooth([0.5, 0], [0.17, 0.18], [0.06, 0.5], [0.17, 0.83], [0.5, 1], [0.83, 0.83], [0.94, 0.5], [0.83, 0.18], [0.5, 0])],
        [
            .smooth(
                [0.62, 0.06], [0.3, 0.08], [0.08, 0.45], [0.15, 0.85], [0.5, 1], [0.82, 0.8], [0.92, 0.4], [0.75, 0.08], [0.5, 0.02])
        ],
    ]

    private static let one: [[DigitStroke]] = [
        [.straight([0.5, 0], [0.5, 1])],
        [.straight([0.25, 0.24], [0.56, 0], [0.56, 1])],
        [.straight([0.28, 0.2], [0.52, 0], [0.52, 1]), .straight([0.2, 1], [0.84, 1])],
    ]

    private static let two: [[DigitStroke]] = [
        [
            .smooth([0.1, 0.25], [0.26, 0.05], [0.55, 0], [0.82, 0.12], [0.84, 0.34], [0.65, 0.58], [0.35, 0.8], [0.08, 1]),
            .straight([0.08, 1], [0.92, 1]),
        ],
        [
            .smooth(
                [0.1, 0.22], [0.36, 0], [0.74, 0.08], [0.8, 0.36], [0.52, 0.72], [0.22, 0.96], [0.06, 0.88], [0.18, 0.76], [0.4, 0.86],
                [0.66, 0.99], [0.95, 0.9])
        ],
    ]

    private static let three: [[DigitStroke]] = [
        [
            .smooth([0.1, 0.14], [0.4, 0], [0.76, 0.08], [0.8, 0.28], [0.62, 0.44], [0.36, 0.48]),
            .smooth([0.36, 0.48], [0.7, 0.52], [0.9, 0.72], [0.75, 0.93], [0.4, 1], [0.08, 0.87]),
        ],
        [
            .straight([0.1, 0], [0.85, 0], [0.42, 0.4]),
            .smooth([0.42, 0.4], [0.78, 0.48], [0.9, 0.7], [0.75, 0.94], [0.4, 1], [0.08, 0.88]),
        ],
    ]

    private static let four: [[DigitStroke]] = [
        [.straight([0.22, 0], [0.08, 0.58], [0.92, 0.58]), .straight([0.7, 0.2], [0.66, 1])],
        [.straight([0.68, 1], [0.68, 0], [0.05, 0.68], [0.95, 0.68])],
        [.smooth([0.16, 0], [0.08, 0.3], [0.2, 0.5], [0.5, 0.53], [0.82, 0.42]), .straight([0.86, 0], [0.76, 1])],
    ]

    private static let five: [[DigitStroke]] = [
        [
            .straight([0.86, 0], [0.2, 0], [0.15, 0.43]),
            .smooth([0.15, 0.43], [0.5, 0.36], [0.85, 0.5], [0.88, 0.76], [0.65, 0.97], [0.3, 1], [0.05, 0.88]),
        ],
        [
            .smooth([0.2, 0.04], [0.16, 0.24], [0.16, 0.42], [0.52, 0.38], [0.84, 0.54], [0.84, 0.82], [0.52, 1], [0.08, 0.92]),
            .straight([0.2, 0.04], [0.9, 0]),
        ],
    ]

    private static let six: [[DigitStroke]] = [
        [
            .smooth(
                [0.76, 0.02], [0.42, 0.14], [0.16, 0.45], [0.08, 0.76], [0.3, 0.98], [0.66, 0.98], [0.88, 0.78], [0.74, 0.57],
                [0.44, 0.52],
                [0.14, 0.68])
        ],
        [
            .smooth(
                [0.55, 0], [0.26, 0.34], [0.1, 0.7], [0.25, 0.96], [0.6, 1], [0.85, 0.83], [0.75, 0.63], [0.46, 0.58], [0.16, 0.74])
        ],
    ]

    private static let seven: [[DigitStroke]] = [
        [.straight([0.06, 0], [0.92, 0], [0.36, 1])],
        [.straight([0.06, 0], [0.92, 0], [0.38, 1]), .straight([0.28, 0.5], [0.84, 0.5])],
        [.straight([0.08, 0.16], [0.08, 0], [0.9, 0]), .smooth([0.9, 0], [0.62, 0.4], [0.46, 0.7], [0.42, 1])],
    ]

    private static let eight: [[DigitStroke]] = [
        [
            .smooth(
                [0.78, 0.13], [0.5, 0], [0.22, 0.11], [0.24, 0.3], [0.5, 0.46], [0.84, 0.64], [0.84, 0.88], [0.5, 1], [0.16, 0.88],
                [0.16, 0.64], [0.5, 0.46], [0.76, 0.32], [0.78, 0.13])
        ],
        [
            .smooth([0.5, 0], [0.26, 0.1], [0.24, 0.34], [0.5, 0.46], [0.76, 0.34], [0.74, 0.1], [0.5, 0]),
            .smooth([0.5, 0.46], [0.17, 0.58], [0.16, 0.88], [0.5, 1], [0.84, 0.88], [0.83, 0.58], [0.5, 0.46]),
        ],
    ]

    private static let nine: [[DigitStroke]] = [
        [
            .smooth([0.84, 0.24], [0.62, 0.02], [0.26, 0.06], [0.12, 0.3], [0.3, 0.52], [0.64, 0.5], [0.84, 0.24]),
            .straight([0.84, 0.24], [0.76, 1]),
        ],
        [
            .smooth([0.84, 0.24], [0.6, 0.01], [0.24, 0.08], [0.14, 0.34], [0.34, 0.54], [0.66, 0.48], [0.84, 0.24]),
            .smooth([0.84, 0.24], [0.88, 0.55], [0.7, 0.9], [0.26, 0.98]),
        ],
    ]
}
