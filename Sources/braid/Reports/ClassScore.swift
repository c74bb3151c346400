import Training

/// One of the classes that a network gives scores, as people and programs are told of it.
struct ClassScore: Encodable {
    var index: Int
    var name: String
    /// By the softmax of the scores.
    var probability: Double

    /// The most probable classes, falling.
    ///
    /// - Parameters:
    ///   - scores: one a class.
    ///   - names: what the classes are called; those of another number of classes are left out.
    static func best(_ count: Int, of scores: [Float], names: [String]?) -> [ClassScore] {
        let probabilities = Scores.softmax(scores)
        return Scores.top(count, of: scores).map { index in
            ClassScore(index: index, name: name(of: index, names, among: scores.count), probability: probabilities[index])
        }
    }

    /// What a class is called.
    static func name(of index: Int, _ names: [String]?, among count: Int) -> String {
        guard let names, names.count == count else { return "class \(index)" }
        return names[index]
    }
}
