/// How wide text is when it is drawn: as in DejaVu Sans, which is wider than the fonts that most machines have instead.
enum TextMetrics {
    /// The width in pixels of one line at a font size in pixels.
    static func width(_ text: String, size: Double, isBold: Bool = false) -> Double {
        let units = text.reduce(0.0) { $0 + width(of: $1) }
        return units * size * (isBold ? 1.1 : 1)
    }

    /// In parts of the font size.
    private static func width(of character: Character) -> Double {
        switch character {
        case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!": 0.34
        case " ", "/", "(", ")", "[", "]", "f", "t", "r", "-": 0.41
        case "m", "w", "M", "W", "@", "%", "…", "—", "×", "+", "=", "<", ">": 0.98
        case "0"..."9", "a"..."z", "_": 0.64
        case "A"..."Z": 0.78
        default: character.isASCII ? 0.84 : 1.1
        }
    }
}
