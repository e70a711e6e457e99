# See simulate.

# Park and Miller's generator: exact in doubles (16807 * 2^31 < 2^53).
function random(n) {
    seed = (seed * 16807) % 2147483647
    return seed % n
}

function pick(words,    list, n) {
    n = split(words, list, " ")
    return list[random(n) + 1]
}

function date(first, days) {
    return sprintf("%d-%02d-%02d", first + int(days / 360), int(days % 360 / 30) + 1, days % 30 % 28 + 1)
}

function laboratory(province, id, day, diagnosis,    value) {
    value = (diagnosis == "diabetes" ? 80 : 45) + random(300) / 10
    printf "%s-L%05d,%s,%s,%s,glucose,%.1f,mmol/mol\n", province, ++labs, id, province_name, day, value \
        > (out "/" folder "-labs.csv")
}

function encounter(province, id,    day, diagnosis) {
    day = date(2025, random(660))
    diagnosis = pick("asthma asthma asthma diabetes diabetes diabetes fracture fracture influenza influenza influenza sarcoidosis")
    printf "%s-E%05d,%s,%s,%s,%s,%s,%d\n", province, ++encounters, id, province_name, day, \
        pick("north south surgery day-clinic"), diagnosis, 1 + random(14) > (out "/" folder "-encounters.csv")
    if (random(2) == 0)
        laboratory(province, id, day, diagnosis)
}

function patients_make(province, count, letters,    i, id, name, left) {
    print "patient_id,province,name,email,health_card,birth_date,postal_code,sex" > (out "/" folder "-patients.csv")
    print "encounter_id,patient_id,province,admitted,ward,diagnosis,days" > (out "/" folder "-encounters.csv")
    print "lab_id,patient_id,province,taken,test,value,unit" > (out "/" folder "-labs.csv")
    encounters = labs = 0
    for (i = 1; i <= count; i++) {
        id = sprintf("%s-P%04d", province, i)
        name = pick("Example Sample") pick("ada bel cor dan eli fay gil hal ivo jun") " " \
            pick("Testing Invented Fictive Imagined Sampler Modelle") sprintf("%03d", i)
        printf "%s,%s,%s,%s@patients.example.org,%s-%09d,%s,%s%d%s %d%s%d,%s\n", id, province_name, name, \
            tolower(substr(name, 1, index(name, " ") - 1)) i, province, 100000000 + random(900000000), \
            date(1930, random(28000)), letters, random(10), pick("A B C E G H"), random(10), \
            pick("A B C E G H"), random(10), pick("female male") > (out "/" folder "-patients.csv")
        for (left = 1 + random(4); left > 0; left--)
            encounter(province, id)
        printf "%s,%s,%s\n", id, random(10) < 7 ? "true" : "false", date(2024, random(360)) > (out "/consent.csv")
    }
}

BEGIN {
    seed = 20261
    print "patient_id,research,since" > (out "/consent.csv")
    folder = "ontario"; province_name = "Ontario"
    patients_make("ON", 400, "M")
    folder = "quebec"; province_name = "Quebec"
    patients_make("QC", 300, "H")
    folder = "alberta"; province_name = "Alberta"
    patients_make("AB", 200, "T")
}
