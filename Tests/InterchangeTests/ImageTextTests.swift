import Interchange
import Testing

@Suite struct ImageTextTests {
    private func rows(_ text: String, width: Int, height: Int = 8, x: Int = 0, y: Int = 0) -> [String] {
        var image = Image(width: width, height: height, channels: 1)
        image.write(text, x: x, y: y, value: 9)
        return (0..<height).map { row in String((0..<width).map { image[$0, row] == 9 ? "#" : "." }) }
    }

    @Test func writesLetters() {
        #expect(
            rows("A1g", width: 17) == [
                "..#.....#........", ".#.#...##........", "#...#...#....###.", "#...#...#...#..##", "#####...#...#..##",
                "#...#...#....##.#", "#...#..###......#", ".............###.",
            ])
        // What has no letter of its own is a frame.
        #expect(rows("ä", width: 5) == ["#####", "#...#", "#...#", "#...#", "#...#", "#...#", "#####", "....."])
    }

    @Test func staysWithinThePicture() {
        #expect(rows("H", width: 3, height: 3, x: -2, y: -2) == ["..#", "###", "..#"])
        #expect(rows("H", width: 2, height: 2, x: 5, y: 5) == ["..", ".."])
        #expect(rows("HHHHHH", width: 4, height: 1).count == 1)
    }

    /// Every printable character has a picture, and no two have the same.
    @Test func tellsCharactersApart() {
        let pictures = (33...126).map { rows(String(Character(UnicodeScalar($0))), width: 5) }
        #expect(Set(pictures).count == 94 && !pictures.contains([String](repeating: ".....", count: 8)))
    }
}
