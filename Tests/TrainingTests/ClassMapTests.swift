import Testing
import Training

/// Maps of classes, and which classes are told of.
@Suite struct ClassMapTests {
    @Test func takesTheHighestScore() {
        // Three classes, 1 x 4 pixels: the first of equals, and no number is the lowest.
        let scores: [Float] = [1, 5, 2, .nan, 3, 5, 1, 0, 2, 4, 9, -1]
        let map = ClassMap(scores: scores[...], classCount: 3, height: 1, width: 4)
        #expect(map.classes == [1, 0, 2, 1])
        #expect(map.shares.map(\.index) == [1, 0, 2] && map.shares.map(\.share) == [0.5, 0.25, 0.25])
        let picture = map.picture
        #expect([picture[0, 0, 0], picture[1, 0, 0], picture[2, 0, 0], picture[2, 0, 1]] == [128, 0, 0, 128])
    }

    @Test func takesClassesAsNumbers() {
        #expect(ClassMap(numbers: [0, 2, 1, 2], height: 2, width: 2)?.classCount == 3)
        #expect(ClassMap(numbers: [0, 2, 1, 2], height: 2, width: 2, classCount: 2) == nil)
        for wrong in [Float](arrayLiteral: -1, 0.5, .nan, 1e9) { #expect(ClassMap(numbers: [0, wrong], height: 1, width: 2) == nil) }
    }

    /// The colours of the PASCAL VOC challenge: aeroplane, person, TV monitor, and the border.
    @Test(arguments: [(0, "#000000"), (1, "#800000"), (2, "#008000"), (3, "#808000"), (15, "#c08080"), (20, "#004080"), (255, "#e0e0c0")])
    func hasThePalette(number: Int, colour: String) { #expect(ClassMap.colourText(of: number) == colour) }

    /// A few of many are those that sorting all gives.
    @Test func findsTheHighestScores() {
        for count in [1, 5, 32, 40] {
            let scores = (0..<200).map { $0 % 7 == 3 ? Float.nan : Float($0 * 7919 % 19) }
            let key = { (index: Int) in scores[index].isNaN ? -Float.infinity : scores[index] }
            let sorted = scores.indices.sorted { (key($1), $0) < (key($0), $1) }
            #expect(Scores.top(count, of: scores) == Array(sorted.prefix(count)))
        }
        #expect(Scores.top(5, of: [1, 2]) == [1, 0])
    }
}
