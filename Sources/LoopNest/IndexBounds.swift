/// What is known of the loop variables at a place of a kernel, and the bounds of indices that follow from it.
///
/// Every loop, condition and atom gives *facts*: forms that are not negative. A form is bounded by adding multiples of facts until no atom
/// is left, the atom with the highest number first (the elimination of Fourier and Motzkin, one choice of facts at a time); where a
/// minimum or maximum stands on the wrong side, both of its cases are. Bounds may be too wide, never too narrow.
struct IndexBounds {
    private enum Atom: Hashable {
        case variable(Int)
        /// Of what is not negative, by a positive number; so is the remainder.
        case quotient(IndexForm, Int)
        case remainder(IndexForm, Int)
        case minimum(IndexForm, IndexForm)
        case maximum(IndexForm, IndexForm)
    }

    /// Nothing in an index, nor any part of it, is larger: sums and products of a few such numbers and strides fit 64 bits, in bytes too.
    static let largest = 1 << 48
    /// The eliminations that the bounds of one kernel may take.
    private static let mostSteps = 4_000_000

    private var atoms: [Atom] = []
    private var numbers: [Atom: Int] = [:]
    /// An upper bound of each atom's absolute value, at least 1, so that it bounds the factors too.
    private var magnitudes: [Int] = []
    /// The facts whose highest atom has the number.
    private var facts: [[IndexForm]] = []
    /// The highest atoms of the facts that each scope around the place added.
    private var conditions: [[Int]] = []
    /// The bounds found since each of the conditions, innermost last.
    private var bounds: [[[IndexForm.Term]: Int?]] = [[:]]
    private var steps = 0
    /// How many of the loops and conditions around the place can never be entered.
    private var deadScopes = 0

    // MARK: - Forms

    /// The form of an index.
    ///
    /// - Throws: `BoundsError` where a part is too large, or something is divided that may be negative.
    mutating func form(_ index: Index) throws(BoundsError) -> IndexForm {
        let form: IndexForm?
        switch index {
        case .constant(let value): form = value == .min ? nil : IndexForm(value)
        case .variable(let variable): form = numbers[.variable(variable.index)].map(IndexForm.init(atom:))
        case .sum(let a, let b): form = try self.form(a).adding(try self.form(b))
        case .product(let a, let factor): form = try self.form(a).times(factor)
        case .quotient(let a, let divisor): form = try division(try self.form(a), divisor).quotient
        case .remainder(let a, let divisor): form = try division(try self.form(a), divisor).remainder
        case .minimum(let a, let b):
            let (a, b) = (try self.form(a), try self.form(b))
            form = atom(.minimum(a, b), magnitude: max(magnitude(a), magnitude(b))) { [$0.less(a), $0.less(b)] }
        case .maximum(let a, let b):
            let (a, b) = (try self.form(a), try self.form(b))
            form = atom(.maximum(a, b), magnitude: max(magnitude(a), magnitude(b))) { [$0.more(a), $0.more(b)] }
        }
        guard let form, magnitude(form) <= Self.largest else { throw .tooLarge }
        return form
    }

    private mutating func division(_ form: IndexForm, _ divisor: Int) throws(BoundsError) -> (quotient: IndexForm, remainder: IndexForm) {
        guard (1...Self.largest).contains(divisor) else { throw .tooLarge }
        guard let low = lower(form), low >= 0 || isDead else { throw .negativeDividend }
        if let value = form.constantValue { return (IndexForm(value / divisor), IndexForm(value % divisor)) }
        // The emitter writes a remainder with the quotient's product, which is no larger than the dividend.
        let size = magnitude(form)
        let quotient = atom(.quotient(form, divisor), magnitude: size / divisor + 1) { quotient in
            let rest = form.adding(quotient, times: -divisor)
            return [rest, rest?.times(-1)?.adding(divisor - 1)]
        }
        let remainder = atom(.remainder(form, divisor), magnitude: min(size, divisor)) { remainder in
            let rest = form.adding(quotient, times: -divisor)?.adding(remainder, times: -1)
            return [remainder, remainder.less(IndexForm(divisor - 1)), remainder.less(form), rest, rest?.times(-1)]
        }
        return (quotient, remainder)
    }

    /// The atom as a form, new or known; its facts are asked for once.
    private mutating func atom(_ atom: Atom, magnitude: Int, facts: (IndexForm) -> [IndexForm?]) -> IndexForm {
        if let number = numbers[atom] { return IndexForm(atom: number) }
        let form = IndexForm(atom: atoms.count)
        numbers[atom] = atoms.count
        atoms.append(atom)
        magnitudes.append(max(1, magnitude))
        // A fact that does not fit is left out, at the price of a wider bound.
        let known = facts(form).compactMap { $0 }.filter { $0.terms.last?.atom == form.terms[0].atom }
        self.facts.append(known)
        return form
    }

    /// A bound of the form's absolute value, and of those of all that it is added up from.
    private func magnitude(_ form: IndexForm) -> Int {
        form.terms.reduce(abs(form.constant)) { $0.saturatingSum(abs($1.factor).saturatingProduct(magnitudes[$1.atom])) }
    }

    // MARK: - Scopes

    /// Opens a loop over a variable, which has the values `from`, `from + step`, … below `to` inside.
    ///
    /// - Returns: whether the loop makes no turn, for `leaveLoop`.
    mutating func enterLoop(_ variable: Variable, from: IndexForm, to: IndexForm, step: Int, unroll: Int) throws(BoundsError) -> Bool {
        let reach = step.saturatingProduct(unroll)
        let size = max(magnitude(from), magnitude(to)).saturatingSum(reach)
        guard size <= Self.largest else { throw .tooLarge }
        let length = to.adding(from, times: -1)
        // Where the steps show it, the last value is known more exactly.
        var last = to.adding(-1)
        if let turns = length?.constantValue {
            last = from.adding((turns - 1) / step * step)
        } else if length?.isMultiple(of: step) == true {
            last = to.adding(-step)
        }
        let isDead = length.flatMap { upper($0) }.map { $0 <= 0 } ?? false
        if isDead { deadScopes += 1 }
        _ = atom(.variable(variable.index), magnitude: size) { [$0.more(from), last.flatMap($0.less)] }
        return isDead
    }

    mutating func leaveLoop(isDead: Bool) { if isDead { deadScopes -= 1 } }

    /// Makes it known, until the scope is left, that none of the forms is negative.
    mutating func enterScope(_ known: [IndexForm?]) {
        var places: [Int] = []
        var isDead = false
        for fact in known.compactMap({ $0 }).flatMap(parts) {
            if let most = upper(fact), most < 0 { isDead = true }
            guard let highest = fact.terms.last?.atom else { continue }
            facts[highest].append(fact)
            places.append(highest)
        }
        // A scope that is never entered is marked by a number that no atom has.
        if isDead {
            deadScopes += 1
            places.append(-1)
        }
        conditions.append(places)
        bounds.append([:])
    }

    /// What follows from a fact about a minimum, or from the opposite about a maximum: the same for both of what it is taken of; the fact
    /// itself comes last.
    private func parts(of fact: IndexForm) -> [IndexForm] {
        var parts = [fact]
        var next = 0
        while next < parts.count, parts.count < 64 {
            let part = parts[next]
            next += 1
            guard let last = part.terms.last else { continue }
            switch atoms[last.atom] {
            case .minimum(let a, let b) where last.factor > 0, .maximum(let a, let b) where last.factor < 0:
                let rest = part.adding(IndexForm(atom: last.atom), times: -last.factor)
                parts += [a, b].compactMap { rest?.adding($0, times: last.factor) }
            default: break
            }
        }
        return parts.reversed()
    }

    mutating func leaveScope() {
        for place in conditions.removeLast() {
            if place < 0 { deadScopes -= 1 } else { facts[place].removeLast() }
        }
        bounds.removeLast()
    }

    /// Whether the place is never reached.
    var isDead: Bool { deadScopes > 0 }

    // MARK: - Bounds

    /// A number that the form never exceeds; nil where none is found.
    mutating func upper(_ form: IndexForm) -> Int? {
        if form.terms.isEmpty { return form.constant }
        return upper(form.terms).flatMap { $0.checkedSum(form.constant) }
    }

    /// A number that the form never falls below; nil where none is found.
    mutating func lower(_ form: IndexForm) -> Int? { form.times(-1).flatMap { upper($0) }.map { -$0 } }

    private mutating func upper(_ terms: [IndexForm.Term]) -> Int? {
        if let known = bounds[bounds.count - 1][terms] { return known }
        let bound = eliminated(terms)
        bounds[bounds.count - 1][terms] = bound
        return bound
    }

    private mutating func eliminated(_ terms: [IndexForm.Term]) -> Int? {
        steps += 1
        guard steps <= Self.mostSteps, let last = terms.last else { return nil }
        let form = IndexForm(terms: terms)
        let rest = IndexForm(terms: Array(terms.dropLast()))
        var best: Int?
        func consider(_ bound: Int?) { best = bound.map { min($0, best ?? $0) } ?? best }
        for fact in facts[last.atom] {
            guard let factor = fact.terms.last?.factor, (factor > 0) != (last.factor > 0), last.factor % factor == 0 else { continue }
            consider(form.adding(fact, times: -(last.factor / factor)).flatMap { upper($0) })
        }
        switch atoms[last.atom] {
        case .variable, .remainder: break
        case .quotient(let dividend, let divisor):
            // What the factor does not divide is bounded by itself.
            let bound = last.factor > 0 ? upper(dividend) : lower(dividend)
            let product = bound.flatMap { ($0 / divisor).checkedProduct(last.factor) }
            if let product { consider(upper(rest)?.checkedSum(product)) }
        case .minimum(let a, let b) where last.factor < 0, .maximum(let a, let b) where last.factor > 0:
            if let first = rest.adding(a, times: last.factor).flatMap({ upper($0) }),
                let second = rest.adding(b, times: last.factor).flatMap({ upper($0) })
            {
                consider(max(first, second))
            }
        case .minimum, .maximum: break
        }
        return best
    }
}

/// Why an index cannot be bounded.
enum BoundsError: Error {
    case tooLarge, negativeDividend

    var message: String {
        switch self {
        case .tooLarge: "a number in an index is too large: all that is added up may reach \(IndexBounds.largest)"
        case .negativeDividend: "what is divided may be negative"
        }
    }
}

extension IndexForm {
    /// What is not negative where this is at most `other`, and at least `other`.
    fileprivate func less(_ other: IndexForm) -> IndexForm? { other.adding(self, times: -1) }
    fileprivate func more(_ other: IndexForm) -> IndexForm? { adding(other, times: -1) }
}

extension Int {
    fileprivate func checkedSum(_ other: Int) -> Int? {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows || sum == .min ? nil : sum
    }

    fileprivate func checkedProduct(_ other: Int) -> Int? {
        let (product, overflows) = multipliedReportingOverflow(by: other)
        return overflows || product == .min ? nil : product
    }

    /// Of numbers that are not negative; the largest integer where the sum does not fit.
    fileprivate func saturatingSum(_ other: Int) -> Int { checkedSum(other) ?? .max }
    fileprivate func saturatingProduct(_ other: Int) -> Int { checkedProduct(other) ?? .max }
}
