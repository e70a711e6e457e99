# See simulate. Counties are ordered by state; reports by date, state, county, as in the real file.

# Park and Miller's generator: exact in doubles (16807 * 2^31 < 2^53).
function random(n) {
    seed = (seed * 16807) % 2147483647
    return seed % n
}

function pick(words,    list, n) {
    n = split(words, list, " ")
    return list[random(n) + 1]
}

# Days of 2020 since 22 January: date text of day d (0 = 2020-01-22).
function dates_make(    days, d, month, day, lengths) {
    split("31 29 31 30 31 30 31 31 30 31 30 31", lengths, " ")
    month = 1; day = 22
    for (d = 0; d < DAYS; d++) {
        date[d] = sprintf("2020-%02d-%02d", month, day)
        if (++day > lengths[month]) { day = 1; month++ }
    }
}

# New cases a day per million people: three waves, each a triangle, moved by the state's phase.
function wave(d, phase,    t, w) {
    w = 5
    t = d - 75 - phase % 20;  if (t < 0) t = -t; if (t < 30) w += (30 - t) * 3
    t = d - 178 - phase % 25; if (t < 0) t = -t; if (t < 40) w += (40 - t) * 5
    t = d - 310 - phase % 30; if (t < 0) t = -t; if (t < 85) w += (85 - t) * 9
    return w
}

function states_make(    text, rows, n, i, part) {
    text = "01 Alabama 67;02 Alaska 29;04 Arizona 15;05 Arkansas 75;06 California 58;08 Colorado 64;" \
        "09 Connecticut 8;10 Delaware 3;11 District_of_Columbia 1;12 Florida 67;13 Georgia 159;15 Hawaii 5;" \
        "16 Idaho 44;17 Illinois 102;18 Indiana 92;19 Iowa 99;20 Kansas 105;21 Kentucky 120;22 Louisiana 64;" \
        "23 Maine 16;24 Maryland 24;25 Massachusetts 14;26 Michigan 83;27 Minnesota 87;28 Mississippi 82;" \
        "29 Missouri 115;30 Montana 56;31 Nebraska 93;32 Nevada 17;33 New_Hampshire 10;34 New_Jersey 21;" \
        "35 New_Mexico 33;36 New_York 62;37 North_Carolina 100;38 North_Dakota 53;39 Ohio 88;40 Oklahoma 77;" \
        "41 Oregon 36;42 Pennsylvania 67;44 Rhode_Island 5;45 South_Carolina 46;46 South_Dakota 66;" \
        "47 Tennessee 95;48 Texas 254;49 Utah 29;50 Vermont 14;51 Virginia 133;53 Washington 39;" \
        "54 West_Virginia 55;55 Wisconsin 72;56 Wyoming 23"
    n = split(text, rows, ";")
    for (i = 1; i <= n; i++) {
        split(rows[i], part, " ")
        gsub("_", " ", part[2])
        counties_make(part[1], part[2], part[3], i * 7)
    }
}

function counties_make(code, name, count, phase_of_state,    k, first, second) {
    first = "Alder Amber Ash Birch Briar Cedar Clover Copper Elm Fern Flint Granite Hazel Heron Iris Juniper" \
        " Larch Laurel Linden Maple Marsh Meadow Moss Oak Otter Pine Quail Raven Reed Rowan Sage Sorrel Spruce" \
        " Swift Thorn Willow"
    second = "bridge brook bury dale field ford gate grove ham haven hurst land ley mere mont port ridge side" \
        " stead ton vale view ville well wick wood"
    for (k = 1; k <= count; k++) {
        fips[++total] = sprintf("%s%03d", code, 2 * k - 1)
        state[total] = name
        county[total] = pick(first) pick(second)
        # A few large counties, many small ones.
        people[total] = 900 + random(30000)
        if (random(4) == 0) people[total] += random(200000)
        if (random(40) == 0) people[total] += 400000 + random(2500000)
        # The largest county of a state is its first one.
        if (k == 1) people[total] += 600000 + random(9000000)
        phase[total] = phase_of_state + random(12)
        start[total] = people[total] > 400000 ? 35 + random(20) : 52 + random(35)
    }
}

# Moves the first days until the counties together have exactly ROWS reports.
function starts_fit(    i, sum, step) {
    sum = 0
    for (i = 1; i <= total; i++) sum += DAYS - start[i]
    i = 1
    while (sum != ROWS) {
        step = sum < ROWS ? -1 : 1
        if (start[i] + step >= 1 && start[i] + step < DAYS - 30) { start[i] += step; sum -= step }
        i = i % total + 1
    }
}

BEGIN {
    seed = 20200122
    DAYS = 303
    ROWS = 720998
    dates_make()
    states_make()
    starts_fit()
    print "date,county,state,fips,cases,deaths" > out
    for (d = 0; d < DAYS; d++) {
        for (i = 1; i <= total; i++) {
            if (d < start[i]) continue
            # Thousandths of a case are carried on, so small counties have cases too.
            carry[i] += int(people[i] * wave(d, phase[i]) / 1000) * (80 + random(41)) / 100
            fresh = int(carry[i] / 1000)
            carry[i] -= fresh * 1000
            if (d == start[i] && fresh == 0) fresh = 1
            cases[i] += fresh
            dying[i] += fresh * (8 + random(25))
            gone = int(dying[i] / 1000)
            dying[i] -= gone * 1000
            deaths[i] += gone
            shown = cases[i]
            # 41 counties take cases back on the last two days.
            if (d == DAYS - 3 && cases[i] > 200 && i % 7 == 3 && corrected < 41) {
                corrected++
                kept[i] = cases[i] - 30
            }
            if (d > DAYS - 3 && i in kept) shown = kept[i]
            more = (d == start[i] && (i == 10 || i == 900 || i == 2000)) ? shown + 1 : deaths[i]
            print date[d] "," county[i] "," state[i] "," fips[i] "," shown "," more > out
        }
    }
    close(out)
}
