/// Text as a terminal shows it: tabs expanded, control characters replaced, wide characters two columns wide.
public struct DisplayText {
    static let tabWidth = 4

    /// The text to print.
    private(set) var text = ""
    /// The display column at which each byte of the source stands, and one more entry for the end.
    private(set) var columns: [Int] = []

    init(_ source: String) {
        var column = 0
        for character in source {
            let width: Int
            if character == "\t" {
                width = Self.tabWidth - column % Self.tabWidth
                text += String(repeating: " ", count: width)
            } else {
                let shown = Self.printable(character)
                width = Self.width(of: shown)
                text.append(shown)
            }
            columns += Array(repeating: column, count: character.utf8.count)
            column += width
        }
        columns.append(column)
    }

    /// Returns the display column of a byte offset, clamped to the line.
    func column(ofByte offset: Int) -> Int { columns[max(0, min(offset, columns.count - 1))] }

    var width: Int { columns[columns.count - 1] }

    /// Returns the text without characters that would steer a terminal; line breaks stay.
    public static func sanitized(_ text: String) -> String {
        text.utf8.contains { $0 < 0x20 || $0 >= 0x7F } ? String(text.map { $0 == "\n" ? $0 : printable($0) }) : text
    }

    private static func printable(_ character: Character) -> Character {
        let hidden = character.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
            // Bidirectional overrides make a line read other than it is.
            case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            default: false
            }
        }
        return hidden ? "\u{FFFD}" : character
    }

    /// The columns that a character takes, by its first scalar (the wide and full-width blocks of Unicode's UAX 11, and emoji).
    static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first, scalar.value >= 0x300 else { return 1 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: return 0
            default: return 1
            }
        }
    }

    static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }
}
