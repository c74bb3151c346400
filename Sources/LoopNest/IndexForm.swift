/// A sum of atoms times factors, plus a constant: what the verifier makes of an index to bound it.
///
/// An atom is the number of something that is no such sum: a loop variable, a quotient, a remainder, a minimum or a maximum. One that is
/// made of others has a higher number than they. Arithmetic that does not fit 64 bits gives nil.
struct IndexForm: Hashable {
    struct Term: Hashable {
        var atom: Int
        var factor: Int
    }

    /// Sorted by atom, no factor zero.
    var terms: [Term] = []
    var constant = 0

    init(_ constant: Int) { self.constant = constant }
    init(atom: Int) { terms = [Term(atom: atom, factor: 1)] }
    init(terms: [Term]) { self.terms = terms }

    var constantValue: Int? { terms.isEmpty ? constant : nil }

    /// `self + other * factor`.
    func adding(_ other: IndexForm, times factor: Int = 1) -> IndexForm? {
        if factor == 0 { return self }
        guard let constant = Self.sum(constant, other.constant, factor) else { return nil }
        var result = IndexForm(constant)
        result.terms.reserveCapacity(terms.count + other.terms.count)
        var (i, j) = (0, 0)
        while i < terms.count || j < other.terms.count {
            if j == other.terms.count || (i < terms.count && terms[i].atom < other.terms[j].atom) {
                result.terms.append(terms[i])
                i += 1
                continue
            }
            let term = other.terms[j]
            let isShared = i < terms.count && terms[i].atom == term.atom
            guard let sum = Self.sum(isShared ? terms[i].factor : 0, term.factor, factor) else { return nil }
            if sum != 0 { result.terms.append(Term(atom: term.atom, factor: sum)) }
            if isShared { i += 1 }
            j += 1
        }
        return result
    }

    func times(_ factor: Int) -> IndexForm? { IndexForm(0).adding(self, times: factor) }

    func adding(_ number: Int) -> IndexForm? { adding(IndexForm(number)) }

    /// Whether every value is a multiple of `number`, as far as the factors show it.
    func isMultiple(of number: Int) -> Bool { constant % number == 0 && terms.allSatisfy { $0.factor % number == 0 } }

    /// `a + b * factor`.
    private static func sum(_ a: Int, _ b: Int, _ factor: Int) -> Int? {
        let product = b.multipliedReportingOverflow(by: factor)
        let sum = a.addingReportingOverflow(product.partialValue)
        // The least integer has no counterpart, so that it could not be negated.
        return product.overflow || sum.overflow || sum.partialValue == .min ? nil : sum.partialValue
    }
}
